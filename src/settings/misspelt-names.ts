import { editDistance } from './edit-distance.ts';
import { envByName } from './env-by-name.ts';
import type { EnvFile } from './env-file.ts';
import { GATEWAY_SECRETS } from './gateway-secrets.ts';
import { lettersOf, mayBeNear } from './letters-of.ts';
import { VARIABLES, type VariableName } from './variables.ts';

export interface MisspeltName {
  /** In upper case. */
  readonly name: string;
  /** The nearest name that is known. */
  readonly meant: string;
  /** For people: `the environment`, or the settings file and its line. */
  readonly place: string;
  /** The gateway and mcpgw would write to another database, or as another user, than somebody meant. */
  readonly decides: 'where' | 'as whom' | null;
}

/** Variables without which another database, or another user, is silently taken; and what does as well. */
const DECISIVE: ReadonlyMap<string, { decides: 'where' | 'as whom'; instead: readonly VariableName[] }> =
  new Map([
    ['DATABASE_URL', { decides: 'where', instead: ['DATABASE_URL'] }],
    ['DATABASE_URL_FILE', { decides: 'where', instead: ['DATABASE_URL'] }],
    ['PLATFORM_ADMIN_EMAIL', { decides: 'as whom', instead: ['PLATFORM_ADMIN_EMAIL'] }],
    ['PLATFORM_ADMIN_PASSWORD', { decides: 'as whom', instead: ['PLATFORM_ADMIN_PASSWORD'] }],
    ['PLATFORM_ADMIN_PASSWORD_FILE', { decides: 'as whom', instead: ['PLATFORM_ADMIN_PASSWORD'] }],
  ]);

/** Each name that is known, with its letters. */
const KNOWN: ReadonlyMap<string, number> = new Map(
  [...VARIABLES, ...GATEWAY_SECRETS].map(({ name }) => [name, lettersOf(name)]),
);

/** Two slips in a shorter word make another word. */
const LONG = 10;
const SLIPS = 2;

/**
 * Names that are nearly one that is known. The gateway has some hundred variables more, none of which is as near
 * as that to one of ours. In the environment of a process much belongs to other programs: there a name counts
 * only while the right one is not set.
 *
 * @param isSet whether a variable has a value from anywhere but the defaults, or from the file it names
 */
export function misspeltNames(
  file: EnvFile | null,
  env: Readonly<Record<string, string | undefined>>,
  isSet: (name: string) => boolean,
): readonly MisspeltName[] {
  const decidesWhat = (meant: string, text: string): MisspeltName['decides'] => {
    const decisive = DECISIVE.get(meant);
    // What is empty would say nothing under its right name, either.
    if (decisive === undefined || text === '' || isSet(meant)) return null;
    return decisive.instead.some(isSet) ? null : decisive.decides;
  };
  const inFile = [...(file?.entries ?? [])].flatMap(([name, { value, line }]): MisspeltName[] => {
    const meant = nearest(name);
    if (meant === null) return [];
    return [{ name, meant, place: `${file?.path}:${line}`, decides: decidesWhat(meant, value) }];
  });
  const inEnvironment = [...envByName(env)].flatMap(([name, text]): MisspeltName[] => {
    if (name.length < LONG - SLIPS) return [];
    const meant = nearest(name);
    if (meant === null || meant.length < LONG || isSet(meant)) return [];
    return [{ name, meant, place: 'the environment', decides: decidesWhat(meant, text) }];
  });
  return [...inFile, ...inEnvironment];
}

function nearest(name: string): string | null {
  if (KNOWN.has(name)) return null;
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  const own = lettersOf(name);
  for (const [known, letters] of KNOWN) {
    const allowed = known.length < LONG ? 1 : SLIPS;
    if (Math.abs(known.length - name.length) > allowed || !mayBeNear(own, letters, allowed)) continue;
    const distance = editDistance(name, known, allowed);
    if (distance < least) {
      least = distance;
      best = known;
    }
  }
  return best;
}
