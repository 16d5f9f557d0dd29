import { pythonJson } from '../ciphers/python-json.ts';
import type { Settings } from '../settings/settings.ts';

/** A row of `sso_providers` as a start of v0.7.0 writes it (CONFIGURATION E2). */
export interface WantedProvider {
  readonly id: string;
  /** What its variables begin with: `SSO_OKTA`. */
  readonly prefix: string;
  /** Every column that a start writes, but for the secret and the times. */
  readonly row: Readonly<Record<string, string | boolean | null>>;
  readonly secret: string;
  /** What the settings say of an issuer that they can name, and the path that is added to it. */
  readonly issuer: { readonly given: string | null; readonly path: string } | null;
}

/** The four that v0.7.0 knows, in its order; where it asks for an issuer, the URLs are made of that. */
const PROVIDERS = [
  {
    id: 'github',
    key: 'Github',
    display_name: 'GitHub',
    issuer: null,
    urls: [
      'https://github.com/login/oauth/authorize',
      'https://github.com/login/oauth/access_token',
      'https://api.github.com/user',
    ],
  },
  {
    id: 'google',
    key: 'Google',
    display_name: 'Google',
    issuer: 'https://accounts.google.com',
    urls: [
      'https://accounts.google.com/o/oauth2/auth',
      'https://oauth2.googleapis.com/token',
      'https://openidconnect.googleapis.com/v1/userinfo',
    ],
  },
  {
    id: 'ibm_verify',
    key: 'IbmVerify',
    display_name: 'IBM Security Verify',
    issuer: { fallback: 'https://tenant.verify.ibm.com', path: '/oidc/endpoint/default' },
    urls: ['/authorize', '/token', '/userinfo'],
  },
  {
    id: 'okta',
    key: 'Okta',
    display_name: 'Okta',
    issuer: { fallback: 'https://company.okta.com', path: '/oauth2/default' },
    urls: ['/v1/authorize', '/v1/token', '/v1/userinfo'],
  },
] as const;

export const PROVIDER_IDS: readonly string[] = PROVIDERS.map(({ id }) => id);

const prefixOf = (id: string) => `SSO_${id.toUpperCase()}`;

/** The providers that the settings ask for: none unless SSO_ENABLED. */
export function wantedProviders(settings: Settings): WantedProvider[] {
  return PROVIDERS.flatMap((provider): WantedProvider[] => {
    const { id, key, display_name, urls } = provider;
    const client_id = settings[`sso${key}ClientId`];
    if (!settings.ssoEnabled || !settings[`sso${key}Enabled`] || client_id === null) return [];
    const asked =
      key === 'IbmVerify' || key === 'Okta'
        ? { ...provider.issuer, given: settings[`sso${key}Issuer`] }
        : null;
    // Pasted as it is: a start of the gateway would make the same of it again.
    const at = asked === null ? '' : `${asked.given ?? asked.fallback}${asked.path}`;
    const row = {
      name: id,
      display_name,
      provider_type: id === 'github' ? 'oauth2' : 'oidc',
      client_id,
      authorization_url: `${at}${urls[0]}`,
      token_url: `${at}${urls[1]}`,
      userinfo_url: `${at}${urls[2]}`,
      issuer: typeof provider.issuer === 'string' ? provider.issuer : at || null,
      trusted_domains: pythonJson(settings.ssoTrustedDomains),
      scope: id === 'github' ? 'user:email' : 'openid profile email',
      auto_create_users: settings.ssoAutoCreateUsers,
      team_mapping: '{}',
    };
    return [
      { id, prefix: prefixOf(id), row, secret: settings[`sso${key}ClientSecret`] ?? '', issuer: asked },
    ];
  });
}

/** What the variables of providers begin with that are switched on, and that a start passes over for want of an id. */
export const withoutClientId = (settings: Settings): string[] =>
  PROVIDERS.filter(({ key }) => settings[`sso${key}Enabled`] && settings[`sso${key}ClientId`] === null).map(
    ({ id }) => prefixOf(id),
  );
