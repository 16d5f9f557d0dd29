import { DEFAULT_ADMIN_PASSWORD } from './credentials.ts';
import { DEFAULT_ENCRYPTION_SECRET } from './gateway-secrets.ts';
import type { InspectedSettings } from './load.ts';
import { passwordsIn } from './passwords-in.ts';

const KNOWN_TO_ALL: ReadonlySet<string> = new Set(['', DEFAULT_ADMIN_PASSWORD, DEFAULT_ENCRYPTION_SECRET]);

/**
 * The secrets among the settings, for `maskSecrets`. The gateway's defaults are none: everybody knows them,
 * and messages must be able to name them.
 */
export function secretsOf({ settings, target }: Pick<InspectedSettings, 'settings' | 'target'>): string[] {
  const candidates = [
    settings.platformAdminPassword,
    ...(target === null
      ? []
      : target.dialect === 'sqlite'
        ? target.path.split('/').flatMap(passwordsIn)
        : [target.password]),
    settings.authEncryptionSecret,
    settings.ssoGithubClientSecret,
    settings.ssoGoogleClientSecret,
    settings.ssoIbmVerifyClientSecret,
    settings.ssoOktaClientSecret,
  ];
  return candidates.filter((secret) => secret !== null).filter((secret) => !KNOWN_TO_ALL.has(secret));
}
