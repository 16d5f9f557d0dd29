import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { authKey, decryptAuthValue, encryptAuthValue } from '../../src/ciphers/auth-value.ts';
import {
  decryptOauthSecret,
  decryptSsoSecret,
  encryptOauthSecret,
  encryptSsoSecret,
} from '../../src/ciphers/fernet.ts';
import { keyCheck } from '../../src/ciphers/key-check.ts';
import type { Document, Entity } from '../../src/configuration/document.ts';
import type { EntityTable } from '../../src/configuration/entities.ts';
import type { TestDatabase } from '../support/databases.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bodyOf, documentIn, runExport } from './support.ts';

const SECRET = 'the-secret-of-this-gateway';
const OTHER = 'the-secret-of-another-one';
const env = { AUTH_ENCRYPTION_SECRET: SECRET };
/** In every credential, in whatever form. */
const PLANTED = 'pLanTed-7f3a';
const HEADERS = { Authorization: `Bearer ${PLANTED}` };

/** Credentials in every place and every state that the gateway leaves them in. */
async function withCredentials(database: TestDatabase): Promise<void> {
  const own = encryptAuthValue(HEADERS, authKey(SECRET));
  const foreign = encryptAuthValue(HEADERS, authKey('somebody else'));
  const oauth = (client_secret: string) => JSON.stringify({ client_id: 'c', client_secret });
  const statements = [
    `UPDATE gateways SET auth_type = 'bearer', auth_value = '${JSON.stringify(own)}', oauth_config = '${oauth(`short ${PLANTED}`)}' WHERE id = 'gateway-1'`,
    `UPDATE gateways SET auth_type = 'authheaders', auth_value = '${JSON.stringify(HEADERS)}', oauth_config = '${oauth(encryptOauthSecret(PLANTED, SECRET))}' WHERE id = 'gateway-2'`,
    `UPDATE tools SET auth_type = 'bearer', auth_value = '${own}' WHERE id = 'tool-1'`,
    `UPDATE tools SET auth_type = 'bearer', auth_value = '${foreign}' WHERE id = 'tool-2'`,
    `UPDATE a2a_agents SET auth_type = 'bearer', auth_value = '${PLANTED}' WHERE id = 'agent-1'`,
    `INSERT INTO sso_providers (id, name, display_name, provider_type, is_enabled, client_id, client_secret_encrypted, authorization_url, token_url, userinfo_url, trusted_domains, scope, auto_create_users, team_mapping, created_at, updated_at)
     VALUES ('x', 'x', 'X', 'oidc', 1, 'c', '${encryptSsoSecret(PLANTED, SECRET)}', 'u', 'u', 'u', '[]', 's', 1, '{}', '2025-01-01 00:00:00', '2025-01-01 00:00:00')`,
  ];
  for (const statement of statements) await database.query(statement);
}

const credentials = async () => (await migratedDatabase('sqlite', withCredentials)).database;

/** The row of a document with this id. */
function row(document: Document, table: EntityTable, id: string): Entity {
  return document.entities[table]?.find((each) => each.id === id) as Entity;
}

const oauthSecret = (entity: Entity) =>
  (entity.oauth_config as { client_secret: string | null }).client_secret;
const opened = (value: unknown, secret = SECRET) => decryptAuthValue(String(value), authKey(secret));

describe('credentials in an export', () => {
  it('are kept as they are stored; those that are plain text are encrypted, the same each time', async () => {
    const database = await credentials();
    const [first, second] = [await runExport(database, [], env), await runExport(database, [], env)];
    expect(first.exitCode, first.stderr).toBe(0);
    expect(bodyOf(second.stdout)).toBe(bodyOf(first.stdout));
    const document = documentIn(first.stdout);
    expect(document.secrets).toEqual({ mode: 'keep', keyCheck: keyCheck(SECRET) });
    const stored = await database.query(
      "SELECT auth_value FROM tools WHERE auth_type = 'bearer' ORDER BY id",
    );
    expect(
      [row(document, 'tools', 'tool-1').auth_value, row(document, 'tools', 'tool-2').auth_value].join('\n'),
    ).toBe(stored);
    expect(opened(row(document, 'gateways', 'gateway-1').auth_value)).toEqual(HEADERS);
    expect(opened(row(document, 'gateways', 'gateway-2').auth_value)).toEqual(HEADERS);
    expect(opened(row(document, 'a2a_agents', 'agent-1').auth_value)).toEqual({ secret: PLANTED });
    expect(decryptOauthSecret(`${oauthSecret(row(document, 'gateways', 'gateway-1'))}`, SECRET)).toBe(
      `short ${PLANTED}`,
    );
    expect(decryptOauthSecret(`${oauthSecret(row(document, 'gateways', 'gateway-2'))}`, SECRET)).toBe(
      PLANTED,
    );
  });

  it('are encrypted for another gateway, and left out where they do not open', async () => {
    const file = join(temporaryFolder(), 'secret');
    writeFileSync(file, `${OTHER}\n`);
    const args = ['--secrets', 'rekey', '--new-secret-file', file, '--with-teams'];
    const { stdout, stderr } = await runExport(await credentials(), args, env);
    const document = documentIn(stdout);
    expect(document.secrets).toEqual({ mode: 'rekey', keyCheck: keyCheck(OTHER) });
    for (const [table, id] of [
      ['gateways', 'gateway-1'],
      ['gateways', 'gateway-2'],
      ['tools', 'tool-1'],
    ] as const) {
      expect(opened(row(document, table, id).auth_value, OTHER)).toEqual(HEADERS);
    }
    expect(row(document, 'tools', 'tool-2')).toMatchObject({ auth_type: 'bearer', auth_value: null });
    expect(decryptOauthSecret(`${oauthSecret(row(document, 'gateways', 'gateway-2'))}`, OTHER)).toBe(PLANTED);
    expect(decryptSsoSecret(`${document.accounts?.sso_providers?.[0]?.client_secret_encrypted}`, OTHER)).toBe(
      PLANTED,
    );
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(
      'tool tool-2 (tool-2): its auth_value was encrypted with another AUTH_ENCRYPTION_SECRET, and is left out',
    );
  });

  it('are plain text only when that is asked for, with a warning', async () => {
    const { stdout, stderr } = await runExport(await credentials(), ['--secrets', 'plain'], env);
    const document = documentIn(stdout);
    expect(row(document, 'tools', 'tool-1').auth_value).toEqual(HEADERS);
    expect(row(document, 'a2a_agents', 'agent-1').auth_value).toBe(PLANTED);
    expect(oauthSecret(row(document, 'gateways', 'gateway-2'))).toBe(PLANTED);
    expect(document.secrets.keyCheck).toBeNull();
    expect(stderr).toContain('as plain text (--secrets plain)');
  });

  it.each([
    ['keep', []],
    ['omit', ['--secrets', 'omit']],
    ['keep', ['--with-teams', '--with-credentials', '--debug', '--verbose']],
    ['keep', ['--for', 'gateway']],
  ])('are in no output of %s %j', async (_mode, args) => {
    const { exitCode, stdout, stderr } = await runExport(await credentials(), args, env);
    expect(exitCode).toBe(0);
    for (const text of [stdout, stderr]) {
      expect(text).not.toContain(PLANTED);
      expect(text).not.toContain(Buffer.from(PLANTED).toString('base64').slice(0, -2));
      expect(text).not.toContain(SECRET);
    }
  });

  it('are left out with --secrets omit, and so needs no secret', async () => {
    const { stdout } = await runExport(await credentials(), ['--secrets', 'omit'], {
      AUTH_ENCRYPTION_SECRET: '',
    });
    const document = documentIn(stdout);
    expect(document.secrets).toEqual({ mode: 'omit', keyCheck: null });
    expect(row(document, 'gateways', 'gateway-1')).toMatchObject({ auth_type: 'bearer', auth_value: null });
    expect(row(document, 'a2a_agents', 'agent-1').auth_value).toBeNull();
    expect(oauthSecret(row(document, 'gateways', 'gateway-2'))).toBeNull();
  });

  it('of which none opens have no check, and are named', async () => {
    const { stdout, stderr } = await runExport(await credentials(), ['--type', 'tools'], {
      AUTH_ENCRYPTION_SECRET: OTHER,
    });
    const document = documentIn(stdout);
    expect(document.secrets.keyCheck).toBeNull();
    expect(document.selection).toEqual(['--type tools']);
    expect(
      stderr.replaceAll(/\s+/g, ' ').match(/another AUTH_ENCRYPTION_SECRET, and is kept as it is/g),
    ).toHaveLength(2);
  });

  it('of users are only in it when that is asked for', async () => {
    const database = await credentials();
    const withTeams = documentIn((await runExport(database, ['--with-teams'], env)).stdout);
    expect(withTeams.accounts?.email_users?.[0]).not.toHaveProperty('password_hash');
    expect(withTeams.accounts?.email_teams?.[0]).toHaveProperty('id');
    const all = documentIn((await runExport(database, ['--with-teams', '--with-credentials'], env)).stdout);
    expect(all.accounts?.email_users?.[0]?.password_hash).toMatch(/^\$argon2id\$/);
    expect(documentIn((await runExport(database, [], env)).stdout).accounts).toBeUndefined();
  });
});

describe('an export into a file', () => {
  it('makes it for this user alone, and again over itself; never over another without --force', async () => {
    const database = await credentials();
    const folder = temporaryFolder();
    const file = join(folder, 'gateway.json');
    const run = (...args: string[]) =>
      spawnCli(['export', file, ...args], { env: { ...env, DATABASE_URL: database.url } });
    const first = await run();
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toMatch(/gateways +2/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, 'utf8');
    documentIn(text);
    expect((await run('--format', 'json')).stdout).toContain('"command": "export"');
    expect(bodyOf(readFileSync(file, 'utf8'))).toBe(bodyOf(text));
    writeFileSync(file, 'mine');
    const refused = await run();
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr.replaceAll(/\s+/g, ' ')).toContain('it is a file that is no document of mcpgw');
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect((await run('--force')).exitCode).toBe(0);
    const own = await spawnCli(['export', database.name], { env: { ...env, DATABASE_URL: database.url } });
    expect(own.stderr).toContain('it is the database');
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'that is ended by %s leaves the document of before',
    async (signal) => {
      const { database } = await migratedDatabase('sqlite');
      await database.query(
        `INSERT INTO resources (uri, name, created_at, updated_at, is_active, tags, version, visibility)
       SELECT 'x:' || n, 'x', '2025-01-01 00:00:00', '2025-01-01 00:00:00', 1, '[]', 1, 'public'
       FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000) SELECT n FROM c)`,
      );
      const folder = temporaryFolder();
      const file = join(folder, 'gateway.json');
      const before = '{\n  "format": "mcpgw-configuration",\n';
      writeFileSync(file, before);
      const running = await startCli(['export', file], { env: { ...env, DATABASE_URL: database.url } });
      while (readdirSync(folder).length === 1) await new Promise((resolve) => setTimeout(resolve, 2));
      running.child.kill(signal);
      const { exitCode } = await running.ended;
      expect(exitCode).toBe(signal === 'SIGTERM' ? 143 : null);
      expect(readFileSync(file, 'utf8')).toBe(before);
      if (signal === 'SIGTERM') expect(readdirSync(folder)).toEqual(['gateway.json']);
    },
  );

  it('has what a column should not hold', async () => {
    const { database } = await migratedDatabase('sqlite');
    await database.query(
      "UPDATE tools SET description = x'c3a9', annotations = '{broken' WHERE id = 'tool-1'",
    );
    await database.query("UPDATE tools SET headers = '{\"n\": 12345678901234567890}' WHERE id = 'tool-2'");
    const { stdout } = await runExport(database, ['--type', 'tools'], env);
    expect(row(documentIn(stdout), 'tools', 'tool-1')).toMatchObject({
      description: 'é',
      annotations: { $text: '{broken' },
    });
    expect(stdout).toContain('"n": 12345678901234567890\n');
  });

  it('leaves nothing behind when it cannot be made', async () => {
    const database = await credentials();
    const file = join(temporaryFolder(), 'gateway.json');
    const run = await runExport(database, [file, '--only', 'tool:nothing-*'], env);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('--only tool:nothing-*: there is no such tool.');
    expect(existsSync(file)).toBe(false);
    const full = await spawnCli(['export', '/dev/full'], { env: { ...env, DATABASE_URL: database.url } });
    expect(full.exitCode).toBe(2);
    expect(full.stderr).toContain('The document could not be written to /dev/full');
  });

  it.each([
    [['--secrets', 'rekey'], '--secrets rekey needs --new-secret-file.'],
    [['--with-credentials'], '--with-credentials goes with --with-teams.'],
    [['--for', 'gateway', '--secrets', 'plain'], 'leave out --secrets plain'],
    [['--force'], '--force goes with'],
    [['--visibility', 'secret'], '--visibility secret: no row has it.'],
    [['--type', 'toll'], 'there is no type “toll”. Nearest: tool'],
  ])('refuses %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await runExport(
      (await migratedDatabase('sqlite')).database,
      args,
      env,
    );
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(message);
  });
});
