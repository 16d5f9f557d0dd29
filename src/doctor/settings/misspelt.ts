import { envByName } from '../../settings/env-by-name.ts';
import { VARIABLES } from '../../settings/variables.ts';
import type { DoctorContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { editDistance } from './edit-distance.ts';
import { GATEWAY_SECRETS } from './gateway-secrets.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...VARIABLES.map(({ name }) => name),
  ...GATEWAY_SECRETS.map(({ name }) => name),
]);

/** Two slips in a shorter word make another word. */
const LONG = 10;

/**
 * Names that are nearly one that is known. The gateway has some hundred variables more, none of which is as near
 * as that to one of ours. In the environment of a process much belongs to other programs: there a name counts
 * only while the right one is not set.
 */
export const misspelt: Examination<DoctorContext> = {
  id: 'settings.unknown',
  title: 'No variable looks misspelt',
  level: 'warning',
  meaning:
    'The gateway and mcpgw pass over a name they do not know without a word, and go on with the default. Give it its right name.',
  command: '',
  preflight: 'warn',
  async find({ envFile, env, inspected: { sources } }) {
    const inFile = [...(envFile?.entries ?? [])].flatMap(([name, { line }]) => {
      const meant = nearest(name);
      return meant === null ? [] : [`${name} is unknown: is it ${meant}? (${envFile?.path}:${line})`];
    });
    const isSet = new Set(
      [...sources].filter(([, { source }]) => source !== 'default').map(([name]) => `${name}`),
    );
    const inEnvironment = [...envByName(env).keys()].flatMap((name) => {
      const meant = nearest(name);
      if (meant === null || meant.length < LONG || isSet.has(meant)) return [];
      return [`${name} is unknown: is it ${meant}? (the environment)`];
    });
    const sample = [...inFile, ...inEnvironment];
    return { count: sample.length, sample };
  },
};

function nearest(name: string): string | null {
  if (KNOWN.has(name)) return null;
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const known of KNOWN) {
    const allowed = known.length < LONG ? 1 : 2;
    if (Math.abs(known.length - name.length) > allowed) continue;
    const distance = editDistance(name, known);
    if (distance <= allowed && distance < least) {
      least = distance;
      best = known;
    }
  }
  return best;
}
