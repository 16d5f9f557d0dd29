import { pythonJson } from '../ciphers/python-json.ts';
import type { Settings } from '../settings/settings.ts';

/** A row of `sso_providers` as a start of v0.7.0 writes it (CONFIGURATION E2). */
export interface WantedProvider {
  readonly id: string;
  /** Every column that a start writes, but for the secret and the times. */
  readonly row: Readonly<Record<string, string | boolean | null>>;
  readonly secret: string;
  /** Of an issuer that the settings name: its variable, what it says, and the path that is added to it. */
  readonly issuer: { readonly variable: string; readonly given: string | null; readonly path: string } | null;
}

const OAUTH2 = { provider_type: 'oauth2', scope: 'user:email' };
const OIDC = { provider_type: 'oidc', scope: 'openid profile email' };

const urls = (authorization_url: string, token_url: string, userinfo_url: string, issuer: string | null) => ({
  authorization_url,
  token_url,
  userinfo_url,
  issuer,
});

/** The four that v0.7.0 knows, in its order. */
const PROVIDERS = [
  {
    id: 'github',
    key: 'Github',
    display_name: 'GitHub',
    ...OAUTH2,
    urls: () =>
      urls(
        'https://github.com/login/oauth/authorize',
        'https://github.com/login/oauth/access_token',
        'https://api.github.com/user',
        null,
      ),
  },
  {
    id: 'google',
    key: 'Google',
    display_name: 'Google',
    ...OIDC,
    urls: () =>
      urls(
        'https://accounts.google.com/o/oauth2/auth',
        'https://oauth2.googleapis.com/token',
        'https://openidconnect.googleapis.com/v1/userinfo',
        'https://accounts.google.com',
      ),
  },
  {
    id: 'ibm_verify',
    key: 'IbmVerify',
    display_name: 'IBM Security Verify',
    ...OIDC,
    issuer: { fallback: 'https://tenant.verify.ibm.com', path: '/oidc/endpoint/default' },
    urls: (at: string) => urls(`${at}/authorize`, `${at}/token`, `${at}/userinfo`, at),
  },
  {
    id: 'okta',
    key: 'Okta',
    display_name: 'Okta',
    ...OIDC,
    issuer: { fallback: 'https://company.okta.com', path: '/oauth2/default' },
    urls: (at: string) => urls(`${at}/v1/authorize`, `${at}/v1/token`, `${at}/v1/userinfo`, at),
  },
] as const;

export const PROVIDER_IDS: readonly string[] = PROVIDERS.map(({ id }) => id);

/** The providers that the settings ask for: none unless SSO_ENABLED. */
export function wantedProviders(settings: Settings): WantedProvider[] {
  if (!settings.ssoEnabled) return [];
  return PROVIDERS.flatMap((provider): WantedProvider[] => {
    const { id, key, display_name, provider_type, scope } = provider;
    const client_id = settings[`sso${key}ClientId`];
    if (!settings[`sso${key}Enabled`] || client_id === null) return [];
    const issuer =
      'issuer' in provider
        ? {
            ...provider.issuer,
            given: settings[`sso${provider.key}Issuer`],
            variable: `SSO_${id.toUpperCase()}_ISSUER`,
          }
        : null;
    // Pasted as it is: a start of the gateway would make the same of it again.
    const at = issuer === null ? '' : `${issuer.given ?? issuer.fallback}${issuer.path}`;
    const row = {
      name: id,
      display_name,
      provider_type,
      client_id,
      ...provider.urls(at),
      trusted_domains: pythonJson(settings.ssoTrustedDomains),
      scope,
      auto_create_users: settings.ssoAutoCreateUsers,
      team_mapping: '{}',
    };
    return [{ id, row, secret: settings[`sso${key}ClientSecret`] ?? '', issuer }];
  });
}

/** Providers that are switched on and that a start passes over for want of a client id. */
export function providersWithoutId(settings: Settings): string[] {
  return PROVIDERS.filter(
    ({ key }) => settings[`sso${key}Enabled`] && settings[`sso${key}ClientId`] === null,
  ).map(({ id }) => `SSO_${id.toUpperCase()}`);
}
