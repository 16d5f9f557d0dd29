import { envByName } from './env-by-name.ts';
import type { EnvFile } from './env-file.ts';

const PROVIDERS = ['GITHUB', 'GOOGLE', 'IBM_VERIFY', 'OKTA'];

/** What the gateway reads in place of a variable of its upgrade guide. */
const INSTEAD: ReadonlyMap<string, readonly string[]> = new Map([
  ['SSO_PROVIDERS', PROVIDERS.map((provider) => `SSO_${provider}_ENABLED`)],
  ...PROVIDERS.flatMap((provider): [string, string[]][] => [
    [`${provider}_CLIENT_ID`, [`SSO_${provider}_CLIENT_ID`, `SSO_${provider}_ENABLED`]],
    [`${provider}_CLIENT_SECRET`, [`SSO_${provider}_CLIENT_SECRET`]],
  ]),
]);

/**
 * Variables of single sign-on as the gateway's upgrade guide names them, which no release of it reads (CONFIGURATION
 * E1): a line each, with the names that it reads. None whose right name is set as well.
 *
 * @param isSet whether a variable has a value from anywhere but the defaults
 */
export function unreadSsoNames(
  file: EnvFile | null,
  env: Readonly<Record<string, string | undefined>>,
  isSet: (name: string) => boolean,
): string[] {
  const given = envByName(env);
  // Names without SSO in them may be for something else, where nobody speaks of single sign-on.
  if (!isSet('SSO_ENABLED') && !given.has('SSO_PROVIDERS') && !file?.entries.has('SSO_PROVIDERS')) return [];
  const unknown = [...new Set([...given.keys(), ...(file?.entries.keys() ?? [])])].filter(
    (name) => /^SSO_[A-Z_]+_CLIENT_ID$/.test(name) && !PROVIDERS.includes(name.slice(4, -10)),
  );
  const guide = [...INSTEAD].flatMap(([name, names]) => {
    const entry = file?.entries.get(name);
    const text = (given.get(name) ?? entry?.value ?? '').toUpperCase();
    const meant = name === 'SSO_PROVIDERS' ? PROVIDERS.filter((provider) => text.includes(provider)) : [];
    const instead = names.filter(
      (right) => !isSet(right) && (meant.length === 0 || meant.includes(right.slice(4, -8))),
    );
    if (text === '' || instead.length === 0) return [];
    const place = given.has(name) ? 'the environment' : `${file?.path}:${entry?.line}`;
    return [`${name} (${place}) is not read by the gateway: set ${instead.join(' and ')}`];
  });
  const known = PROVIDERS.join(', ');
  return [...guide, ...unknown.map((name) => `${name} is of no provider that v0.7.0 has: they are ${known}`)];
}
