import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningGateway, SECRETS } from '../../../scripts/gateway/start-gateway.ts';
import { authKey, decryptAuthValue, encryptAuthValue } from '../../../src/ciphers/auth-value.ts';
import { decryptOauthSecret, decryptSsoSecret } from '../../../src/ciphers/fernet.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { spawnCli } from '../../support/spawn-cli.ts';
import { ADMIN } from '../../support/test-settings.ts';
import { content } from '../support/content.ts';
import { ADMINISTRATOR, type AtEnd, describeJudged, gatewayOn } from '../support/gateways.ts';
import { emptyDatabase, whileServing } from '../support/judge.ts';
import { restService, TOKEN } from '../support/peers.ts';
import { type Client, call, type Entity, logIn, type Served, served } from '../support/served.ts';

const { MCPGW_REAL_CONFIG } = process.env;
const MINUTES = 60_000;

/** The gateway that the configuration comes from. */
const SOURCE = {
  AUTH_ENCRYPTION_SECRET: 'shared-secret-070',
  PLATFORM_ADMIN_EMAIL: 'root@example.org',
  PLATFORM_ADMIN_PASSWORD: 'changeme-070',
};
const OURS = {
  AUTH_ENCRYPTION_SECRET: SECRETS.AUTH_ENCRYPTION_SECRET,
  SSO_ENABLED: 'true',
  SSO_GITHUB_ENABLED: 'true',
  SSO_GITHUB_CLIENT_ID: 'Iv1.judge',
  SSO_GITHUB_CLIENT_SECRET: 'Planted-Github-52',
  SSO_OKTA_ENABLED: 'true',
  SSO_OKTA_CLIENT_ID: 'okta-judge',
  SSO_OKTA_CLIENT_SECRET: 'Planted-Ökta-53',
  SSO_OKTA_ISSUER: 'https://judge.okta.example',
  SSO_TRUSTED_DOMAINS: '["corp.example.com"]',
};
const ALICE = { email: 'alice@corp.example.com', password: 'A-first-Passw0rd' };
const PEOPLE = `
users:
  - { email: ${ALICE.email}, fullName: Alice, passwordFile: password }
teams:
  - { name: Engineering, members: [{ email: ${ALICE.email}, role: owner, grants: [developer] }] }
`;
const WRITE = ['--yes', '--no-backup'];

/** Runs the built program with these settings. @returns its standard output @throws AssertionError when it fails */
async function mcpgw(
  database: TestDatabase,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { exitCode, stdout, stderr } = await spawnCli(args, {
    env: { DATABASE_URL: database.url, ...env },
    ...(input === undefined ? {} : { input }),
  });
  expect(exitCode, `${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** What every database is compared with; it is made once. */
interface Source {
  /** What `mcpgw export` wrote. */
  readonly document: string;
  readonly lists: Served;
  /** Another configuration, in the gateway's own form. */
  readonly forGateway: string;
  readonly folder: string;
  readonly calls: () => number;
}

async function readSource(atEnd: AtEnd): Promise<Source> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'secret'), SOURCE.AUTH_ENCRYPTION_SECRET);
  writeFileSync(join(folder, 'password'), ALICE.password);
  writeFileSync(join(folder, 'people.yaml'), PEOPLE);
  const rest = await restService(atEnd);
  const database = await real('v0.7.0', atEnd);
  const bearer = encryptAuthValue(
    { Authorization: `Bearer ${TOKEN}` },
    authKey(SOURCE.AUTH_ENCRYPTION_SECRET),
  );
  await database.query(
    `UPDATE tools SET url = '${rest.url}/x', request_type = 'POST', auth_value = '${bearer}' WHERE name = 'bearer-tool'`,
  );
  const document = await mcpgw(database, SOURCE, ['export']);
  const gateway = await gatewayOn(database, '0.7.0', SOURCE, atEnd);
  let lists: Served = new Map();
  await whileServing(gateway, async (at) => {
    const root = await logIn(at, SOURCE.PLATFORM_ADMIN_EMAIL, SOURCE.PLATFORM_ADMIN_PASSWORD);
    lists = await served('0.7.0', root);
  });
  // Under other names, since the importer refuses to make prompts and resources that are there.
  for (const statement of RENAMED) await database.query(statement);
  writeFileSync(join(folder, 'new-secret'), OURS.AUTH_ENCRYPTION_SECRET);
  const rekeyed = ['--secrets', 'rekey', '--new-secret-file', join(folder, 'new-secret')];
  const types = ['--type', 'tool,server,resource,prompt'];
  const forGateway = await mcpgw(database, SOURCE, ['export', '--for', 'gateway', ...types, ...rekeyed]);
  return { document, lists, forGateway, folder, calls: rest.calls };
}

const RENAMED = [
  'DELETE FROM server_tool_association WHERE tool_id IN (SELECT id FROM tools WHERE gateway_id IS NOT NULL)',
  'DELETE FROM tools WHERE gateway_id IS NOT NULL',
  "UPDATE tools SET original_name = 'other_' || original_name, custom_name = original_name, name = 'other-' || name",
  "UPDATE servers SET name = 'other ' || name",
  "UPDATE resources SET uri = uri || '-other', name = 'other ' || name",
  "UPDATE prompts SET name = 'other ' || name",
];

async function real(name: string, atEnd: AtEnd): Promise<TestDatabase> {
  const database = await emptyDatabase('sqlite', atEnd);
  await database.load(join(MCPGW_REAL_CONFIG!, `${name}.sqlite.sql`));
  return database;
}

/** Differs from gateway to gateway: whose a row is, how its credentials are encrypted, how a peer fares. */
const OF_A_GATEWAY = /^(team|teamId|ownerEmail|authValue|oauthConfig|lastSeen)$/;
const keyOf = (path: string, { id }: Entity) => `${path} ${id}`;

/**
 * @param assigned rows that were made visible to a team
 * @param wholeSeconds the database keeps no fraction of one
 */
function comparable(lists: Served, assigned: ReadonlySet<string>, wholeSeconds: boolean) {
  const steady = (value: unknown) =>
    wholeSeconds && typeof value === 'string' ? value.replace(/(T\d\d:\d\d:\d\d)\.\d+$/, '$1') : value;
  const rows = [...lists].flatMap(([path, entities]) =>
    [...entities.values()].map((entity) => {
      const key = keyOf(path, entity);
      const isCompared = (name: string) =>
        !OF_A_GATEWAY.test(name) && !(name === 'visibility' && assigned.has(key));
      const compared = Object.entries(entity).filter(([name]) => isCompared(name));
      return [key, Object.fromEntries(compared.map(([name, value]) => [name, steady(value)]))] as const;
    }),
  );
  return Object.fromEntries(rows);
}

const rowsOf = async (database: TestDatabase) =>
  ((await content(database)) as { rows: Record<string, Record<string, Record<string, string | null>>> }).rows;

/** Providers with what their secrets open to: each start encrypts them anew. */
function providers(rows: Awaited<ReturnType<typeof rowsOf>>) {
  return Object.values(rows.sso_providers ?? {}).map(
    ({ client_secret_encrypted: secret, updated_at: _, ...row }): Record<string, string | null> => ({
      ...row,
      secret: decryptSsoSecret(secret ?? '', OURS.AUTH_ENCRYPTION_SECRET),
    }),
  );
}

describe.skipIf(MCPGW_REAL_CONFIG === undefined)('configurations', () => {
  const cleaning: Parameters<AtEnd>[0][] = [];
  const atEnd: AtEnd = (clean) => void cleaning.unshift(clean);
  let source: Promise<Source> | undefined;
  afterAll(async () => {
    for (const clean of cleaning) await clean();
  });

  describeJudged('a database that export, import, apply and assign filled', ['0.7.0'], ({ id, dialect }) => {
    let database: TestDatabase;
    let at: RunningGateway;
    let admin: Client;
    let before: Awaited<ReturnType<typeof rowsOf>>;
    let after: typeof before;
    let from: Source;
    const ours = (args: readonly string[], input?: string) => mcpgw(database, OURS, args, input);

    beforeAll(async () => {
      source ??= readSource(atEnd);
      from = await source;
      database = await emptyDatabase(id, atEnd);
      await ours(['bootstrap-db', ...WRITE]);
      const rekeyed = ['--source-secret-file', join(from.folder, 'secret')];
      await ours(['import', '-', ...rekeyed, ...WRITE], from.document);
      await ours(['apply', join(from.folder, 'people.yaml'), ...WRITE]);
      const to = ['--team', 'engineering', '--owner', ALICE.email, '--visibility', 'team'];
      const rows = ['tool:bearer-tool', 'gateway:Alpha Gateway'];
      await ours(['assign', ...rows, '--cascade', ...to, ...WRITE]);
      await ours(['verify']);
      before = await rowsOf(database);
      const gateway = await gatewayOn(database, '0.7.0', { ...ADMINISTRATOR, ...OURS }, atEnd);
      at = await gateway.start();
      after = await rowsOf(database);
      admin = await logIn(at, ADMIN.email, ADMIN.password);
    }, 30 * MINUTES);

    afterAll(() => at?.stop());

    test('its start changes nothing', () => {
      expect(providers(after)).toEqual(providers(before));
      expect(providers(after).map(({ name, secret }) => [name, secret])).toEqual([
        ['github', OURS.SSO_GITHUB_CLIENT_SECRET],
        ['okta', OURS.SSO_OKTA_CLIENT_SECRET],
      ]);
      const without = ({ sso_providers: _, ...rows }: typeof before) => rows;
      expect(without(after)).toEqual(without(before));
    });

    test('what it lists is what the gateway lists that the configuration comes from', async () => {
      const lists = await served('0.7.0', admin);
      const rows = [...lists].flatMap(([path, entities]) =>
        [...entities.values()].map((entity) => ({ path, entity })),
      );
      const assigned = new Set(
        rows
          .filter(({ entity }) => entity.visibility === 'team')
          .map(({ path, entity }) => keyOf(path, entity)),
      );
      expect(assigned).toContain(`/tools ${await idOf('bearer-tool')}`);
      const whole = dialect === 'mysql';
      expect(comparable(lists, assigned, whole)).toEqual(comparable(from.lists, assigned, whole));
      const { oauthConfig } = rows.find(({ entity }) => entity.name === 'oauth gw')!.entity;
      const { client_secret: secret } = oauthConfig as { client_secret: string };
      expect(decryptOauthSecret(secret, OURS.AUTH_ENCRYPTION_SECRET)).toBe('oauth-secret-shared');
    });

    const idOf = (tool: string) => database.query(`SELECT id FROM tools WHERE name = '${tool}'`);

    test('a tool that was encrypted again and assigned is called with its header', async () => {
      const calls = from.calls();
      expect(await call(admin, 'bearer-tool', { word: 'hello' })).toContain('echo');
      expect(from.calls()).toBe(calls + 1);
    });

    test('a member sees what the team has, and only where the team is named', async () => {
      const alice = await logIn(at, ALICE.email, ALICE.password);
      const team = await database.query("SELECT id FROM email_teams WHERE slug = 'engineering'");
      const listed = async (who: Client, path: string) => {
        const { status, text } = await who.send('GET', path);
        return status === 200 ? (JSON.parse(text) as { name: string }[]).map(({ name }) => name) : status;
      };
      const names = ['alpha-gateway-convert-alpha', 'alpha-gateway-get-alpha-time', 'bearer-tool'];
      expect(((await listed(alice, `/tools?team_id=${team}`)) as string[]).toSorted()).toEqual(names);
      expect(await listed(alice, '/tools')).toBe(403);
      expect(await listed(alice, `/servers?team_id=${team}`)).toBe(403);
    });

    test('its single sign-on offers the providers, and its pages show the team', async () => {
      const offered = (await admin.get('/auth/sso/providers')) as { id: string }[];
      expect(offered.map((provider) => provider.id).toSorted()).toEqual(['github', 'okta']);
      expect((await admin.send('GET', '/admin/teams')).text).toContain('Engineering');
    });

    test('credentials that its own changes broke are whole again after fix', async () => {
      const works = async () => {
        const paths = ['/tools', '/gateways', '/export'];
        const all = paths.map((path) => admin.send('GET', `${path}?include_inactive=true`));
        return (await Promise.all(all)).map(({ status }) => status === 200);
      };
      expect(await works()).toEqual([true, true, true]);
      const json = JSON.stringify({ 'X-One': 'Planted-One-71' });
      await database.query(`UPDATE gateways SET auth_value = '${json}' WHERE name = 'headers gw'`);
      await database.query("UPDATE tools SET auth_type = NULL WHERE name = 'bearer-tool'");
      expect(await works()).toEqual([true, false, false]);
      const id = await idOf('bearer-tool');
      const shown = async () => ((await admin.get(`/tools/${id}`)) as { auth: object | null }).auth;
      expect(await shown()).toBe(null);

      await ours(['fix', '--only', 'credentials', ...WRITE]);
      expect(await works()).toEqual([true, true, true]);
      expect(await shown()).toMatchObject({ authType: 'bearer' });
      const stored = decryptAuthValue(
        JSON.parse(
          await database.query("SELECT auth_value FROM gateways WHERE name = 'headers gw'"),
        ) as string,
        authKey(OURS.AUTH_ENCRYPTION_SECRET),
      );
      expect(stored).toEqual({ 'X-One': 'Planted-One-71' });
    });

    test('basic credentials with a colon are listed after what the check advises', async () => {
      const id = await idOf('basic-tool');
      const colon = encryptAuthValue(
        { Authorization: `Basic ${Buffer.from('user:pass:word').toString('base64')}` },
        authKey(OURS.AUTH_ENCRYPTION_SECRET),
      );
      await database.query(`UPDATE tools SET auth_value = '${colon}' WHERE id = '${id}'`);
      expect((await admin.send('GET', '/tools')).status).toBe(500);
      const { exitCode, stdout } = await spawnCli(['verify', '--only', 'credentials'], {
        env: { DATABASE_URL: database.url, ...OURS },
      });
      expect(exitCode).toBe(1);
      expect(stdout).toContain(id);
      const advised = /UPDATE tools SET auth_type = 'authheaders' WHERE id = /.exec(
        stdout.replaceAll(/\s+/g, ' '),
      )?.[0];
      await database.query(`${advised}'${id}'`);
      expect((await admin.send('GET', '/tools')).status).toBe(200);
      expect((await admin.send('GET', '/export')).status).toBe(200);
      await ours(['verify', '--only', 'credentials']);
    });

    test('its importer takes export --for gateway, credentials included', async () => {
      const document = JSON.parse(from.forGateway) as { entities: Record<string, unknown[]> };
      const total = Object.values(document.entities).reduce((sum, { length }) => sum + length, 0);
      expect(total).toBeGreaterThan(15);
      const answer = await admin.post('/import?conflict_strategy=fail', { import_data: document });
      expect(answer).toMatchObject({ status: 'completed', errors: [], progress: { created: total } });
      expect(await call(admin, 'other-bearer-tool')).toContain('echo');

      // Once more it makes tools and servers again, which nobody owns; servers of both times may have the new tools.
      await admin.post('/import?conflict_strategy=skip', { import_data: document });
      const unused = async () =>
        (
          await database.query(`SELECT name FROM tools WHERE owner_email IS NULL
            AND id NOT IN (SELECT tool_id FROM server_tool_association) ORDER BY name`)
        ).split('\n');
      expect(await unused()).toEqual(expect.arrayContaining(['other-bearer-tool', 'other-sleeping-tool']));
      await ours(['fix', '--only', 'duplicates.imported', ...WRITE]);
      expect(await unused()).toEqual(['']);
      const tools = (await admin.get('/tools?include_inactive=true')) as { name: string }[];
      expect(tools.filter(({ name }) => name === 'other-bearer-tool').length).toBe(1);
      expect(await call(admin, 'other-bearer-tool')).toContain('echo');
    });
  });
});
