import { DEFAULT_ADMIN_PASSWORD } from './credentials.ts';
import type { InspectedSettings } from './load.ts';
import { passwordsIn } from './passwords-in.ts';

/**
 * The secrets among the settings, for `maskSecrets`. The gateway's default password is none: everybody knows it,
 * and messages must be able to name it.
 */
export function secretsOf({ settings, target }: Pick<InspectedSettings, 'settings' | 'target'>): string[] {
  const candidates = [
    settings.platformAdminPassword,
    ...(target === null
      ? []
      : target.dialect === 'sqlite'
        ? target.path.split('/').flatMap(passwordsIn)
        : [target.password]),
    settings.ssoGithubClientSecret,
    settings.ssoGoogleClientSecret,
    settings.ssoIbmVerifyClientSecret,
    settings.ssoOktaClientSecret,
  ];
  return candidates
    .filter((secret) => secret !== null)
    .filter((secret) => secret !== '' && secret !== DEFAULT_ADMIN_PASSWORD);
}
