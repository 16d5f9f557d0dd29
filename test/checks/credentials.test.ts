import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  colonPasswords,
  credentialsWithoutType,
  plaintextCredentials,
  undecryptableCredentials,
} from '../../src/checks/credentials.ts';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import {
  type AuthHeaders,
  authKey,
  decryptAuthValue,
  encryptAuthValue,
} from '../../src/ciphers/auth-value.ts';
import { createDatabase, describeEachDatabase } from '../support/databases.ts';
import { describeDefects } from '../support/defects.ts';
import { type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { fix, problems, verify } from '../support/run-checks.ts';
import { spawnCli } from '../support/spawn-cli.ts';

/** What the gateway uses where nobody sets another. */
const DEFAULT_SECRET = 'my-test-salt';
const PLANTED = 'Planted-Secret-3307';

const basic = (text: string) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` });
const bearer = { Authorization: `Bearer ${PLANTED}` };
const encrypted = (headers: AuthHeaders, secret = DEFAULT_SECRET) =>
  encryptAuthValue(headers, authKey(secret));

interface Stored {
  readonly auth: string | null;
  /** As it stands in the column. */
  readonly value: string;
}

/** Gives rows credentials; the text in `gateways` is JSON. */
async function store({ database }: MigratedDatabase, rows: Readonly<Record<string, Stored>>) {
  for (const [id, { auth, value }] of Object.entries(rows)) {
    const type = auth === null ? 'NULL' : `'${auth}'`;
    const table = id.startsWith('tool') ? 'tools' : 'gateways';
    await database.query(
      `UPDATE ${table} SET auth_type = ${type}, auth_value = '${value}' WHERE id = '${id}'`,
    );
  }
}

const inJson = (text: string) => JSON.stringify(text);
const types = ({ database }: MigratedDatabase) =>
  database.query(`SELECT id, auth_type FROM gateways UNION ALL SELECT id, auth_type FROM tools ORDER BY id`);

/** What the gateway would send for a gateway of it. */
async function headersOf({ database }: MigratedDatabase, id: string, secret = DEFAULT_SECRET) {
  const stored = await database.query(`SELECT auth_value FROM gateways WHERE id = '${id}'`);
  return decryptAuthValue(JSON.parse(stored), authKey(secret));
}

const PLAIN = JSON.stringify({ 'X-One': PLANTED, 'X-Two': 'zwei ✓' });

describeDefects(plaintextCredentials, {
  'encrypts them with the secret that the others open with': {
    plant: (at) =>
      store(at, {
        'gateway-1': { auth: 'authheaders', value: PLAIN },
        'gateway-2': { auth: 'bearer', value: inJson(encrypted(bearer)) },
        'tool-1': { auth: 'bearer', value: encrypted(bearer) },
      }),
    findings: [/^gateways gateway-1 “Gateway 1”: its credentials are in plain text$/],
    changes: ['gateways'],
    after: async (at) => {
      expect(await headersOf(at, 'gateway-1')).toEqual({ 'X-One': PLANTED, 'X-Two': 'zwei ✓' });
      expect(await headersOf(at, 'gateway-2')).toEqual(bearer);
      expect(await types(at)).toContain('gateway-1\tauthheaders');
    },
  },
  'gives them the type that they lack': {
    plant: (at) =>
      store(at, {
        'gateway-1': { auth: null, value: JSON.stringify(basic('user:word')) },
        'tool-1': { auth: 'bearer', value: encrypted(bearer) },
      }),
    findings: ['gateways gateway-1'],
    changes: ['gateways'],
    after: async (at) => {
      expect(await headersOf(at, 'gateway-1')).toEqual(basic('user:word'));
      expect(await types(at)).toContain('gateway-1\tbasic');
    },
  },
  'leaves them where nothing tells the secret': {
    plant: (at) => store(at, { 'gateway-1': { auth: 'authheaders', value: PLAIN } }),
    findings: ['gateways gateway-1'],
    remaining: 1,
  },
});

describeDefects(credentialsWithoutType, {
  'derives it from the headers, so that the gateway can list them': {
    plant: (at) =>
      store(at, {
        'tool-1': { auth: null, value: encrypted(bearer) },
        'tool-2': { auth: '', value: encrypted(basic('user:')) },
        'gateway-1': { auth: null, value: inJson(encrypted(basic('user:'))) },
        'gateway-2': { auth: null, value: inJson(encrypted(basic('user:pass:word'))) },
      }),
    findings: ['tools tool-1 “tool-1”: ', 'tools tool-2', 'gateways gateway-1', 'gateways gateway-2'],
    changes: ['gateways', 'tools'],
    after: async (at) =>
      expect((await types(at)).split('\n')).toEqual([
        'gateway-1\tauthheaders',
        'gateway-2\tauthheaders',
        'tool-1\tbearer',
        'tool-2\tbasic',
      ]),
  },
});

describeDefects(colonPasswords, {
  'names what the gateway cannot list': {
    plant: (at) =>
      store(at, {
        'tool-1': { auth: 'basic', value: encrypted(basic('user:pass:word')) },
        'tool-2': { auth: 'basic', value: encrypted(basic(':word')) },
        'gateway-1': { auth: 'basic', value: inJson(encrypted(basic(':word'))) },
        'gateway-2': { auth: 'basic', value: inJson(encrypted(basic('user:word'))) },
      }),
    findings: ['tools tool-1', 'gateways gateway-1'],
    remaining: 2,
  },
});

describeDefects(undecryptableCredentials, {
  'names what does not open while other rows do': {
    plant: (at) =>
      store(at, {
        'tool-1': { auth: 'bearer', value: encrypted(bearer) },
        'tool-2': { auth: 'bearer', value: encrypted(bearer, 'another') },
        'gateway-1': { auth: null, value: inJson('no ciphertext') },
        'gateway-2': { auth: null, value: 'null' },
      }),
    findings: ['tools tool-2', 'gateways gateway-1'],
    remaining: 2,
  },
});

const FOREIGN = {
  'tool-1': { auth: 'bearer', value: encrypted(bearer, 'theirs') },
  'tool-2': { auth: null, value: encrypted(basic('user:pass:word'), 'theirs') },
  'gateway-1': { auth: 'bearer', value: inJson(encrypted(bearer, 'theirs')) },
};

describeEachDatabase('credentials and the secret', ({ id }) => {
  const withSecret = (at: MigratedDatabase, authEncryptionSecret: string): MigratedDatabase => ({
    ...at,
    settings: { ...at.settings, authEncryptionSecret },
  });

  it('where nobody has set it that is said once, and no row is named', async () => {
    const at = await migratedDatabase(id);
    await store(at, FOREIGN);
    const found = problems(await verify(at, DATA_CHECKS));
    expect(Object.keys(found)).toEqual(['credentials.undecryptable']);
    const report = found['credentials.undecryptable']!;
    expect(report).toMatchObject({ status: 'warned', count: 0, fixable: false });
    expect(report.findings).toEqual([
      expect.stringMatching(/of 3 rows .* AUTH_ENCRYPTION_SECRET is not set/),
    ]);
    expect(report.hint).toContain('mcpgw verify --only credentials');
    const { clean, checks } = await fix(at, DATA_CHECKS);
    expect(clean).toBe(true);
    expect(checks.find((check) => check.status === 'warned')?.hint.toString()).toContain('Set AUTH_');
  });

  it('an empty one is said once', async () => {
    const at = withSecret(await migratedDatabase(id), '');
    await store(at, FOREIGN);
    const [report] = await verify(at, [undecryptableCredentials]);
    expect(report?.findings).toEqual([expect.stringContaining('AUTH_ENCRYPTION_SECRET is empty')]);
  });

  it('one that opens nothing has every row named, and nothing is encrypted with it', async () => {
    const at = withSecret(await migratedDatabase(id), 'ours');
    await store(at, { ...FOREIGN, 'gateway-2': { auth: 'authheaders', value: PLAIN } });
    const found = problems(await verify(at, DATA_CHECKS));
    expect(Object.keys(found)).toEqual(['credentials.plaintext', 'credentials.undecryptable']);
    expect(found['credentials.undecryptable']).toMatchObject({ status: 'warned', count: 3 });
    expect(found['credentials.plaintext']).toMatchObject({ fixable: false });
    expect((await fix(at, [plaintextCredentials])).steps).toEqual([]);
  });

  it('one that is set encrypts what is in plain text, and the type of the others is derived', async () => {
    const at = withSecret(await migratedDatabase(id), 'theirs');
    await store(at, { ...FOREIGN, 'gateway-2': { auth: 'authheaders', value: PLAIN } });
    expect((await fix(at, DATA_CHECKS)).clean).toBe(true);
    expect(await headersOf(at, 'gateway-2', 'theirs')).toMatchObject({ 'X-One': PLANTED });
    expect(problems(await verify(at, DATA_CHECKS))).toEqual({});
  });
});

describe('mcpgw', () => {
  it('turns no pipeline red for want of the secret, and shows none of what it would encrypt', async () => {
    const at = await migratedDatabase('sqlite');
    await store(at, { ...FOREIGN, 'gateway-2': { auth: 'authheaders', value: PLAIN } });
    const run = (args: readonly string[], secret?: string) =>
      spawnCli(args, {
        env: { DATABASE_URL: at.database.url, AUTH_ENCRYPTION_SECRET: secret },
      });
    await at.database.query("UPDATE gateways SET auth_value = NULL WHERE id = 'gateway-2'");
    const verified = await run(['verify', '--verbose']);
    expect(verified, verified.stdout).toMatchObject({ exitCode: 0 });
    expect(verified.stdout).toContain('AUTH_ENCRYPTION_SECRET is not set');

    await store(at, { 'gateway-2': { auth: 'authheaders', value: PLAIN } });
    const outputs = [
      await run(['verify', '--verbose', '--format', 'json'], 'theirs'),
      await run(['fix', '--dry-run', '--verbose', '--debug'], 'theirs'),
      await run(['fix', '--yes', '--no-backup', '--format', 'json'], 'theirs'),
    ];
    expect(outputs.map(({ exitCode }) => exitCode)).toEqual([1, 0, 0]);
    const stored = JSON.parse(
      await at.database.query("SELECT auth_value FROM gateways WHERE id = 'gateway-2'"),
    ) as string;
    const told = outputs.map(({ stdout, stderr }) => stdout + stderr).join('');
    expect(told).toContain('UPDATE "gateways" SET "auth_value" = ?');
    for (const secret of [PLANTED, 'zwei', "'theirs'", stored]) expect(told).not.toContain(secret);
  });
});

const { MCPGW_REAL_CONFIG } = process.env;

/** What is found in databases of real gateways, and what is left of it after the repairs. */
const REAL = [
  ['v0.6.0-colon-password', 'shared-secret-060', { 'credentials.colon-password': 1 }, undefined],
  ['v0.7.0', 'shared-secret-070', {}, {}],
  ['v0.7.0-teams', 'shared-secret-multi', {}, {}],
  ['v0.7.0-plaintext-auth', 'shared-secret-070', { 'credentials.plaintext': 1 }, {}],
  [
    'v0.7.0-after-gateway-import',
    'shared-secret-070',
    { 'duplicates.imported': 16 },
    { 'duplicates.imported': 4 },
  ],
] as const;

describe.skipIf(MCPGW_REAL_CONFIG === undefined)('databases of real gateways', () => {
  it.each(REAL)('%s', async (name, secret, before, after) => {
    const database = await createDatabase('sqlite');
    onTestFinished(() => database.drop());
    await database.load(join(MCPGW_REAL_CONFIG!, `${name}.sqlite.sql`));
    const env = {
      DATABASE_URL: database.url,
      AUTH_ENCRYPTION_SECRET: secret,
      PLATFORM_ADMIN_EMAIL: 'root@example.org',
    };
    const found = async () => {
      const { stdout } = await spawnCli(
        ['verify', '--format', 'json', '--only', 'credentials', '--only', 'duplicates'],
        { env },
      );
      const { checks } = JSON.parse(stdout) as { checks: { id: string; count: number }[] };
      expect(checks.length).toBe(5);
      return Object.fromEntries(checks.filter(({ count }) => count > 0).map(({ id, count }) => [id, count]));
    };
    expect(await found()).toEqual(before);
    if (after === undefined) return;
    await spawnCli(['fix', '--yes', '--no-backup'], { env });
    expect(await found()).toEqual(after);
  });
});
