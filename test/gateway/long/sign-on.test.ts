import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { SECRETS } from '../../../scripts/gateway/start-gateway.ts';
import { decryptSsoSecret } from '../../../src/ciphers/fernet.ts';
import { connect } from '../../support/connect.ts';
import { spawnCli } from '../../support/spawn-cli.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { ADMIN } from '../../support/test-settings.ts';
import { ADMINISTRATOR, describeJudged, gatewayOn } from '../support/gateways.ts';
import { emptyDatabase, expectNothingToDo, mcpgw, whileServing } from '../support/judge.ts';
import { restService, TOKEN } from '../support/peers.ts';
import { call, logIn } from '../support/served.ts';

const PROVIDERS = ['GITHUB', 'GOOGLE', 'IBM_VERIFY', 'OKTA'];
const SSO: Readonly<Record<string, string>> = {
  SSO_ENABLED: 'true',
  ...Object.fromEntries(
    PROVIDERS.flatMap((name) => [
      [`SSO_${name}_ENABLED`, 'true'],
      [`SSO_${name}_CLIENT_ID`, `${name.toLowerCase()}-id`],
      [`SSO_${name}_CLIENT_SECRET`, `planted-${name}-sécret`],
    ]),
  ),
  SSO_IBM_VERIFY_ISSUER: 'https://corp.verify.ibm.com/',
  SSO_OKTA_ISSUER: 'https://corp.okta.com',
  // With pydantic-settings 2.10 v0.7.0 does not start with `a,b`.
  SSO_TRUSTED_DOMAINS: '["Corp.example.org", "else.example.org"]',
  SSO_AUTO_ADMIN_DOMAINS: '["corp.example.org"]',
};

describeJudged('what mcpgw writes beside the upgrade', ['0.7.0'], ({ id }) => {
  test('providers of single sign-on are those that a start writes, but for the ciphertext', async () => {
    const database = await emptyDatabase(id);
    const env = {
      DATABASE_URL: database.url,
      ...SSO,
      AUTH_ENCRYPTION_SECRET: SECRETS.AUTH_ENCRYPTION_SECRET,
    };
    const migrate = async () => {
      const { exitCode, stdout, stderr } = await spawnCli(['migrate', '--yes', '--no-backup'], { env });
      expect(exitCode, stderr).toBe(0);
      return stdout;
    };
    const providers = async () => {
      const rows = await connect(database, (db) =>
        db.query<Record<string, unknown>>(sql`SELECT * FROM sso_providers ORDER BY id`),
      );
      return rows.map(({ client_secret_encrypted: stored, updated_at, ...row }) => ({
        stored: String(stored),
        row: { ...row, secret: decryptSsoSecret(String(stored), SECRETS.AUTH_ENCRYPTION_SECRET) },
      }));
    };
    await migrate();
    const before = await providers();
    expect(before.map(({ row }) => row.secret)).toEqual(PROVIDERS.map((name) => `planted-${name}-sécret`));
    const gateway = await gatewayOn(database, '0.7.0', { ...ADMINISTRATOR, ...SSO });
    await whileServing(gateway, async (at) => {
      const offered = await fetch(`${at.url}/auth/sso/providers`);
      const names = ((await offered.json()) as { id: string }[]).map((one) => one.id).toSorted();
      expect(names).toEqual(PROVIDERS.map((name) => name.toLowerCase()));
    });
    const after = await providers();
    expect(after.map(({ row }) => row)).toEqual(before.map(({ row }) => row));
    // It did write them.
    for (const [i, { stored }] of after.entries()) expect(stored).not.toBe(before[i]?.stored);
    expect(await migrate()).toContain('Nothing to do');
  });

  test('rows that were assigned are listed, and called with their credentials', async () => {
    const database = await emptyDatabase(id);
    const rest = await restService();
    await mcpgw(database, 'migrate', '--yes', '--no-backup');
    const gateway = await gatewayOn(database, '0.7.0');
    await whileServing(gateway, async (at) => {
      const admin = await logIn(at, ADMIN.email, ADMIN.password);
      const { id: tool } = (await admin.post('/tools', {
        tool: {
          name: 'echo_tool',
          url: `${rest.url}/echo`,
          integration_type: 'REST',
          request_type: 'POST',
          inputSchema: { type: 'object', properties: { word: { type: 'string' } } },
          auth_type: 'bearer',
          auth_token: TOKEN,
        },
      })) as { id: string };
      await admin.post('/servers', { server: { name: 'echo server', associated_tools: [tool] } });
    });
    const file = join(temporaryFolder(), 'password');
    writeFileSync(file, 'A-first-Passw0rd');
    const yes = ['--yes', '--no-backup'];
    await mcpgw(database, 'user', 'create', 'alice@corp.example.org', '--password-file', file, ...yes);
    await mcpgw(database, 'team', 'create', 'Engineering', ...yes);
    await mcpgw(
      database,
      'team',
      'add',
      'engineering',
      'alice@corp.example.org',
      '--grant',
      'developer',
      ...yes,
    );
    await mcpgw(
      database,
      ...['assign', 'server:echo*', '--cascade', '--team', 'engineering', '--visibility', 'team', ...yes],
    );
    await mcpgw(database, 'verify');
    await expectNothingToDo(database, gateway);
    const team = await database.query("SELECT id FROM email_teams WHERE slug = 'engineering'");
    await whileServing(gateway, async (at) => {
      const alice = await logIn(at, 'alice@corp.example.org', 'A-first-Passw0rd');
      const tools = (await alice.get(`/tools?team_id=${team}`)) as { name: string }[];
      expect(tools.map(({ name }) => name)).toEqual(['echo-tool']);
      const calls = rest.calls();
      expect(await call(alice, 'echo-tool', { word: 'hello' })).toContain('hello');
      expect(rest.calls()).toBe(calls + 1);
    });
  });
});
