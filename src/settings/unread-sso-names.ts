import { envByName } from './env-by-name.ts';
import type { EnvFile } from './env-file.ts';

const PROVIDERS = ['GITHUB', 'GOOGLE', 'IBM_VERIFY', 'OKTA'];

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
  const inEnvironment = envByName(env);
  const insteadOf = (name: string, text: string): string[] => {
    if (name === 'SSO_PROVIDERS') {
      const named = PROVIDERS.filter((provider) => text.toUpperCase().includes(provider));
      return (named.length > 0 ? named : PROVIDERS).map((provider) => `SSO_${provider}_ENABLED`);
    }
    const isSwitch = name.endsWith('_ID');
    return [`SSO_${name}`, ...(isSwitch ? [`SSO_${name.replace('_CLIENT_ID', '_ENABLED')}`] : [])];
  };
  const names = ['SSO_PROVIDERS', ...PROVIDERS.flatMap((p) => [`${p}_CLIENT_ID`, `${p}_CLIENT_SECRET`])];
  return names.flatMap((name) => {
    const entry = file?.entries.get(name);
    const text = inEnvironment.get(name) ?? entry?.value ?? '';
    const instead = insteadOf(name, text).filter((right) => !isSet(right));
    if (text === '' || instead.length === 0) return [];
    const place = inEnvironment.has(name) ? 'the environment' : `${file?.path}:${entry?.line}`;
    return [`${name} (${place}) is not read by the gateway: set ${instead.join(' and ')}`];
  });
}
