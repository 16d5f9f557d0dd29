import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ssoProviders } from '../../src/checks/sso-providers.ts';
import { decryptSsoSecret, encryptSsoSecret } from '../../src/ciphers/fernet.ts';
import type { GatewayError } from '../../src/errors.ts';
import { ssoWarnings } from '../../src/seed/sso-warnings.ts';
import { wantedProviders } from '../../src/seed/wanted-providers.ts';
import { connect } from '../support/connect.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { fix, verify } from '../support/run-checks.ts';
import { v060Database } from '../support/template.ts';
import { testSettings } from '../support/test-settings.ts';

interface SsoRows {
  readonly settings: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const { MCPGW_REAL_CONFIG } = process.env;
const OWN = JSON.parse(readFileSync(new URL('sso-rows.json', import.meta.url), 'utf8')) as SsoRows;
const REAL = MCPGW_REAL_CONFIG
  ? (JSON.parse(readFileSync(join(MCPGW_REAL_CONFIG, 'sso-rows.json'), 'utf8')) as SsoRows)
  : null;
const GITHUB = {
  AUTH_ENCRYPTION_SECRET: 'a long passphrase',
  SSO_ENABLED: 'true',
  SSO_GITHUB_ENABLED: 'true',
  SSO_GITHUB_CLIENT_ID: 'gh-1',
  SSO_GITHUB_CLIENT_SECRET: 'planted-gh-secret',
};
const settingsOf = (env: Readonly<Record<string, string>>) => testSettings('sqlite:///x.db', env).settings;
const warningsOf = (env: Readonly<Record<string, string>>) => ssoWarnings(settingsOf(env));

/** As they are in the database, but for the times and the ciphertext. */
async function providers(database: TestDatabase, secret: string) {
  const rows = await connect(database, (db) =>
    db.query<Record<string, unknown>>(sql`SELECT * FROM sso_providers ORDER BY id`),
  );
  return rows.map(({ created_at, updated_at, client_secret_encrypted: stored, ...row }) => ({
    ...Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(name, value)])),
    client_secret: decryptSsoSecret(String(stored), secret),
  }));
}

function plain(name: string, value: unknown): unknown {
  if (/^(trusted_domains|team_mapping)$/.test(name))
    return typeof value === 'string' ? JSON.parse(value) : value;
  return typeof value === 'boolean' ? Number(value) : value;
}

function expected({ settings, rows }: SsoRows) {
  return rows.map(({ created_at, updated_at, client_secret_encrypted, ...row }) => ({
    ...Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(name, value)])),
    client_secret: settings[`SSO_${String(row.id).toUpperCase()}_CLIENT_SECRET`],
  }));
}

describeEachDatabase('providers of single sign-on', ({ id }) => {
  const migrated = async (env: Readonly<Record<string, string>>, options = {}) => {
    const database = await v060Database(id);
    onTestFinished(() => database.drop());
    return { database, ran: await migrate(database, { env, ...options }) };
  };
  const times = (database: TestDatabase) =>
    database.query('SELECT id, client_secret_encrypted, updated_at FROM sso_providers ORDER BY id');

  test.each([OWN, ...(REAL === null ? [] : [REAL])])(
    'are those that a start of v0.7.0 writes, and a second run changes nothing',
    async (known) => {
      const { database } = await migrated(known.settings);
      const secret = known.settings.AUTH_ENCRYPTION_SECRET ?? '';
      expect(await providers(database, secret)).toEqual(expected(known));
      const before = await times(database);
      const again = await migrate(database, { env: known.settings });
      expect(again.changed).toBe(false);
      expect(await times(database)).toBe(before);
      expect(await database.query("SELECT count(*) FROM mcpgw_migration WHERE step = 'sso:providers'")).toBe(
        '1',
      );
    },
  );

  test('a secret that was encrypted anew is the same one, and any other value is put right', async () => {
    const { database } = await migrated(GITHUB);
    const anew = encryptSsoSecret('planted-gh-secret', GITHUB.AUTH_ENCRYPTION_SECRET);
    await database.query(`UPDATE sso_providers SET client_secret_encrypted = '${anew}'`);
    expect((await migrate(database, { env: GITHUB })).changed).toBe(false);

    await database.query("UPDATE sso_providers SET scope = 'user', is_enabled = (1 = 0)");
    const other = {
      ...GITHUB,
      SSO_GITHUB_CLIENT_SECRET: 'planted-gh-secret-2',
      SSO_TRUSTED_DOMAINS: 'a.example',
    };
    const ran = await migrate(database, { env: other });
    expect(ran.plan.created).toEqual(['provider github as the settings have it']);
    expect(ran.warnings).toContain('Single sign-on: github is turned off in the database, and stays so.');
    expect(await providers(database, other.AUTH_ENCRYPTION_SECRET)).toMatchObject([
      {
        scope: 'user:email',
        is_enabled: 0,
        trusted_domains: ['a.example'],
        client_secret: 'planted-gh-secret-2',
      },
    ]);

    const moved = { ...other, AUTH_ENCRYPTION_SECRET: 'another passphrase' };
    expect((await migrate(database, { env: moved })).changed).toBe(true);
    expect(await providers(database, 'another passphrase')).toMatchObject([
      { client_secret: 'planted-gh-secret-2' },
    ]);
    expect((await migrate(database, { env: moved })).changed).toBe(false);
  });

  test('one under another id gets its own, unless log-ins name it', async () => {
    const { database } = await migrated(GITHUB);
    await database.query("UPDATE sso_providers SET id = 'mine'");
    await database.query(
      "INSERT INTO sso_auth_sessions (id, provider_id, state, redirect_uri, expires_at, created_at) VALUES ('s', 'mine', 's', '/', '2026-01-01 00:00:00', '2026-01-01 00:00:00')",
    );
    const blocked = await migrate(database, { env: GITHUB });
    expect(blocked.changed).toBe(false);
    expect(blocked.warnings.join()).toContain('sso_providers mine has the name github');
    await database.query('DELETE FROM sso_auth_sessions');
    expect((await migrate(database, { env: GITHUB })).changed).toBe(true);
    expect(await providers(database, GITHUB.AUTH_ENCRYPTION_SECRET)).toMatchObject([{ id: 'github' }]);
  });

  test('one that the settings no longer name stays enabled, until it is said to be turned off', async () => {
    const { database } = await migrated(OWN.settings);
    const env = { ...OWN.settings, SSO_OKTA_ENABLED: 'false', SSO_GOOGLE_CLIENT_ID: '' };
    const left = await migrate(database, { env });
    expect(left.changed).toBe(false);
    for (const name of ['okta', 'google']) {
      expect(left.warnings.map(String).join('\n')).toMatch(
        new RegExp(`${name} is enabled in the database, .* mcpgw migrate --disable-stale`),
      );
    }
    const off = await migrate(database, { env, context: { disableStale: true } });
    expect(off.plan.created).toEqual(['google, okta turned off']);
    expect(
      await database.query(
        'SELECT id, CASE WHEN is_enabled THEN 1 ELSE 0 END FROM sso_providers ORDER BY id',
      ),
    ).toBe('github\t1\ngoogle\t0\nibm_verify\t1\nokta\t0');
    expect((await migrate(database, { env, context: { disableStale: true } })).changed).toBe(false);
  });

  test('the check finds what a migration would write, and fix writes it', async () => {
    const at = await migratedDatabase(id);
    const on = {
      ...at,
      settings: { ...at.settings, ...settingsOf(GITHUB), platformAdminEmail: at.settings.platformAdminEmail },
    };
    expect(await verify(at, [ssoProviders])).toMatchObject([{ status: 'passed', findings: [] }]);
    expect(await verify(on, [ssoProviders])).toMatchObject([
      { status: 'warned', findings: ['provider github'], fixable: true },
    ]);
    expect(await fix(on, [ssoProviders])).toMatchObject({ checks: [{ repaired: 1, remaining: 0 }] });
    expect(await verify(on, [ssoProviders])).toMatchObject([{ status: 'passed' }]);
    expect((await fix(on, [ssoProviders])).steps).toEqual([]);

    const without = { ...on, settings: { ...on.settings, ssoGithubEnabled: false } };
    expect(await verify(without, [ssoProviders])).toMatchObject([
      {
        count: 1,
        fixable: false,
        hint: expect.stringContaining('mcpgw fix --only sso.providers --disable-stale'),
      },
    ]);
    expect(await fix(without, [ssoProviders], { disableStale: true })).toMatchObject({ changed: true });
    expect(await verify(without, [ssoProviders])).toMatchObject([{ status: 'passed' }]);
  });

  test('an empty secret is refused, and nothing is written', async () => {
    const database = await v060Database(id);
    onTestFinished(() => database.drop());
    const refused = (await migrate(database, { env: { ...GITHUB, AUTH_ENCRYPTION_SECRET: '' } }).catch(
      (error: unknown) => error,
    )) as GatewayError;
    expect(refused).toMatchObject({
      code: 'SETTINGS',
      details: [expect.stringContaining('AUTH_ENCRYPTION_SECRET is empty')],
    });
    expect(await database.query('SELECT version_num FROM alembic_version')).not.toContain('e182847d89e6');
  });
});

describe('what is warned of', () => {
  test('nothing of settings that are well, or while single sign-on is off', () => {
    expect(warningsOf(GITHUB)).toEqual([]);
    expect(warningsOf({ SSO_OKTA_ENABLED: 'true', GITHUB_CLIENT_ID: 'of-something-else' })).toEqual([]);
    expect(wantedProviders(settingsOf({ ...GITHUB, SSO_ENABLED: 'false' }))).toEqual([]);
  });

  test('providers while single sign-on is off as a whole', () => {
    expect(warningsOf({ ...GITHUB, SSO_ENABLED: 'false', SSO_PROVIDERS: 'okta' })).toEqual([
      'SSO_PROVIDERS (the environment) is not read by the gateway: set SSO_OKTA_ENABLED',
      'SSO_ENABLED is not true: the gateway makes nothing of SSO_GITHUB_ENABLED',
    ]);
  });

  test('names of the guide that the gateway does not read, but for those that stand beside the right one', () => {
    const guide = {
      SSO_ENABLED: 'true',
      SSO_PROVIDERS: 'github,google',
      GITHUB_CLIENT_ID: 'planted-1',
      GITHUB_CLIENT_SECRET: 'planted-2',
    };
    expect(warningsOf(guide)).toEqual([
      'SSO_PROVIDERS (the environment) is not read by the gateway: set SSO_GITHUB_ENABLED and SSO_GOOGLE_ENABLED',
      'GITHUB_CLIENT_ID (the environment) is not read by the gateway: set SSO_GITHUB_CLIENT_ID and SSO_GITHUB_ENABLED',
      'GITHUB_CLIENT_SECRET (the environment) is not read by the gateway: set SSO_GITHUB_CLIENT_SECRET',
    ]);
    expect(
      warningsOf({ ...GITHUB, GITHUB_CLIENT_ID: 'x', GITHUB_CLIENT_SECRET: 'y', SSO_PROVIDERS: 'github' }),
    ).toEqual([]);
  });

  test('a provider that v0.7.0 does not have', () => {
    expect(warningsOf({ ...GITHUB, SSO_KEYCLOAK_CLIENT_ID: 'planted-1' })).toEqual([
      'SSO_KEYCLOAK_CLIENT_ID is of no provider that v0.7.0 has: they are GITHUB, GOOGLE, IBM_VERIFY, OKTA',
    ]);
  });

  test('a provider without id or secret, and the secret that everybody knows', () => {
    const warnings = warningsOf({
      ...GITHUB,
      AUTH_ENCRYPTION_SECRET: 'my-test-salt',
      SSO_GITHUB_CLIENT_SECRET: '',
      SSO_GOOGLE_ENABLED: 'true',
    });
    expect(warnings).toEqual([
      expect.stringContaining('SSO_GOOGLE_ENABLED is true without SSO_GOOGLE_CLIENT_ID'),
      expect.stringContaining('SSO_GITHUB_CLIENT_SECRET is not set'),
      expect.stringContaining('AUTH_ENCRYPTION_SECRET is the gateway’s default'),
    ]);
  });

  test.each([
    [
      'https://acme.okta.com/',
      'ends with a slash: the gateway makes https://acme.okta.com//oauth2/default/v1/authorize of it; write https://acme.okta.com',
    ],
    [
      'https://acme.okta.com/oauth2/default',
      'has /oauth2/default, which is added once more: the gateway makes https://acme.okta.com/oauth2/default/oauth2/default/v1/authorize of it; write https://acme.okta.com',
    ],
    [
      'https://acme.okta.com/oauth2/default/',
      'has /oauth2/default, which is added once more: the gateway makes https://acme.okta.com/oauth2/default//oauth2/default/v1/authorize of it; write https://acme.okta.com',
    ],
    ['', 'is not set: okta gets https://company.okta.com/oauth2/default/v1/authorize, which is nobody’s'],
  ])('the issuer “%s”', (issuer, warning) => {
    const okta = {
      ...GITHUB,
      SSO_OKTA_ENABLED: 'true',
      SSO_OKTA_CLIENT_ID: 'o',
      SSO_OKTA_CLIENT_SECRET: 's',
      SSO_OKTA_ISSUER: issuer,
    };
    expect(warningsOf(okta)).toEqual([`SSO_OKTA_ISSUER ${warning}`]);
  });

  test('domains of administrators where anybody can have an address', () => {
    expect(
      warningsOf({
        ...GITHUB,
        SSO_AUTO_ADMIN_DOMAINS: 'corp.example.com, GMail.com',
        SSO_GOOGLE_ADMIN_DOMAINS: '["outlook.com"]',
      }),
    ).toEqual([
      expect.stringContaining('SSO_AUTO_ADMIN_DOMAINS has GMail.com'),
      expect.stringContaining('SSO_GOOGLE_ADMIN_DOMAINS has outlook.com'),
    ]);
  });
});
