import { DEFAULT_ENCRYPTION_SECRET } from '../settings/gateway-secrets.ts';
import type { Settings } from '../settings/settings.ts';
import { type WantedProvider, wantedProviders, withoutClientId } from './wanted-providers.ts';

/** Domains whose mailboxes anybody can have. */
const EVERYBODYS: ReadonlySet<string> = new Set(
  'gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com aol.com proton.me protonmail.com pm.me gmx.com gmx.net gmx.de web.de mail.com mail.ru yandex.ru yandex.com qq.com 163.com 126.com zoho.com fastmail.com tutanota.com github.com'.split(
    ' ',
  ),
);

/** What of the settings of single sign-on works otherwise than somebody meant, a line each. */
export function ssoWarnings(settings: Settings): string[] {
  if (!settings.ssoEnabled) {
    const on = wantedProviders({ ...settings, ssoEnabled: true }).map(({ prefix }) => `${prefix}_ENABLED`);
    const off = `SSO_ENABLED is not true: the gateway makes nothing of ${on.join(', ')}`;
    return [...settings.ssoUnread, ...(on.length > 0 ? [off] : [])];
  }
  const wanted = wantedProviders(settings);
  return [
    ...settings.ssoUnread,
    ...withoutClientId(settings).map(
      (name) => `${name}_ENABLED is true without ${name}_CLIENT_ID: the gateway passes over this provider`,
    ),
    ...wanted
      .filter(({ secret }) => secret === '')
      .map(({ id, prefix }) => `${prefix}_CLIENT_SECRET is not set: nobody can log in through ${id}`),
    ...wanted.flatMap(issuerWarning),
    ...(wanted.length > 0 && settings.authEncryptionSecret === DEFAULT_ENCRYPTION_SECRET
      ? [
          'AUTH_ENCRYPTION_SECRET is the gateway’s default: whoever has a copy of the database reads the client secrets',
        ]
      : []),
    ...publicDomains('SSO_AUTO_ADMIN_DOMAINS', settings.ssoAutoAdminDomains),
    ...publicDomains('SSO_GOOGLE_ADMIN_DOMAINS', settings.ssoGoogleAdminDomains),
  ];
}

/** The gateway joins an issuer and its path as they are. */
function issuerWarning({ id, prefix, row, issuer }: WantedProvider): string[] {
  if (issuer === null) return [];
  const { given, path } = issuer;
  const variable = `${prefix}_ISSUER`;
  const makes = `the gateway makes ${row.authorization_url} of it`;
  if (given === null)
    return [`${variable} is not set: ${id} gets ${row.authorization_url}, which is nobody’s`];
  const bare = given.replace(/\/+$/, '');
  const meant = bare.endsWith(path) ? bare.slice(0, -path.length).replace(/\/+$/, '') : bare;
  if (meant === given) return [];
  const what = bare === meant ? 'ends with a slash' : `has ${path}, which is added once more`;
  return [`${variable} ${what}: ${makes}; write ${meant}`];
}

function publicDomains(variable: string, domains: readonly string[]): string[] {
  const open = domains.filter((domain) => EVERYBODYS.has(domain.trim().toLowerCase().replace(/^@/, '')));
  if (open.length === 0) return [];
  return [
    `${variable} has ${open.join(', ')}, where anybody can have an address: each becomes administrator`,
  ];
}
