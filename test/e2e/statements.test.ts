import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Report } from '../../src/report/report.ts';
import { clientEnv } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { reportHere } from '../support/cli-report.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { recordingClient } from '../support/recording-client.ts';
import { sampleDatabase } from '../support/sample-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describeEachDatabase('the statements that --dry-run shows', ({ id, dialect }) => {
  it('migrate: are those that a run sends, in that order', async () => {
    const shown = await compareWithRun(await sampleDatabase(id), ['migrate']);
    expect(shown.length).toBeGreaterThan(50);
    expect(shown.filter((sql) => /^INSERT INTO ["`]mcpgw_migration["`]/.test(sql)).length).toBeGreaterThan(3);
  });

  it('fix: are those that a run sends, in that order', async () => {
    const database = await migrated(await sampleDatabase(id));
    await plantDefects(database);
    const shown = await compareWithRun(database, ['fix', '--yes']);
    expect(shown.length).toBeGreaterThan(3);
  });

  it('rollback: are those that a run sends, in that order', async () => {
    const database = await migrated(await sampleDatabase(id));
    const shown = await compareWithRun(database, ['rollback', '--yes']);
    expect(shown.length).toBeGreaterThan(30);
  });

  it('fix and rollback: which tables are locked and how is told with them', async () => {
    const database = await migrated(await sampleDatabase(id));
    await plantDefects(database);
    const locksOf = async (...args: string[]) =>
      locksIn((await reportHere(database.url, [...args, '--dry-run'])).report);

    const fix = await locksOf('fix', '--no-backup');
    expect(Object.keys(fix)).toEqual(
      expect.arrayContaining(['email_api_tokens', 'email_team_members', 'prompts', 'user_roles']),
    );
    expect(fix.prompts).toMatch({ sqlite: /file’s/, postgresql: /^SHARE\b/, mysql: /row locks/ }[dialect]);
    expect(fix.email_api_tokens).toMatch(
      { sqlite: /file’s/, postgresql: /^ACCESS EXCLUSIVE/, mysql: /metadata lock/ }[dialect],
    );
    expect(fix.servers).toBeUndefined();
    expect((await locksOf('rollback', '--no-backup')).tools).toBeDefined();
  });

  it.skipIf(clientIsOlder({ id }))(
    'restore: are those that a run sends, and how they lock is told',
    async () => {
      const database = await sampleDatabase(id);
      const place = temporaryFolder();
      const made = await reportHere(database.url, ['backup', '--backup-dir', place], { env: clientEnv(id) });
      expect(made.exitCode).toBe(0);
      const manifest = readdirSync(place).find((name) => name.endsWith('.json')) ?? '';
      const restore = ['restore', join(place, manifest), '--backup-dir', place, '--no-backup'];
      const client = recordingClient(
        id,
        { sqlite: '', postgresql: 'psql', mysql: id === 'mysql' ? 'mysql' : 'mariadb' }[dialect],
      );
      const options = { env: { PATH: client.path } };
      const { report } = await reportHere(database.url, [...restore, '--dry-run'], options);
      expect(report.status).toBe('ok');
      expect(client.read()).toBe('');

      const name = made.report.database?.url.split('/').at(-1)?.split('?')[0] ?? '';
      const run = await reportHere(
        database.url,
        [...restore, '--confirm', name.replace(/\.db$/, ''), '--debug', '--quiet'],
        options,
      );
      expect(run.report.status).toBe('ok');
      const shown = report.steps.flatMap((step) => step.statements ?? []);
      const dump = shown.findIndex((sql) => sql.startsWith('/* the SQL of '));
      const asSent = (statements: readonly string[]) => statements.map((sql) => `${sql};`).join(' ');
      const sent = client
        .read()
        .replaceAll(/^\\(un)?restrict .*$/gm, '')
        .replaceAll(/\s+/g, ' ')
        .trim();
      if (dialect === 'sqlite') expect([shown, sent]).toEqual([[], '']);
      else if (dialect === 'postgresql') {
        expect(sent.slice(0, asSent(shown.slice(0, dump)).length)).toBe(asSent(shown.slice(0, dump)));
        expect(sent.endsWith(asSent(shown.slice(dump + 1)))).toBe(true);
        expect(shown.at(-1)).toBe('COMMIT');
      } else {
        // The client loads the dump; what stands around it is sent by the connection of the run.
        const own = run.stderr.split(/^\[sql\] /m).map((sql) => sql.replaceAll(/\s+/g, ' ').trim());
        expect(own.filter((sql) => shown.includes(sql))).toEqual(shown.toSpliced(dump, 1));
        expect(sent).toContain('CREATE TABLE `tools`');
      }
      expect(shown.join().includes('DROP TABLE')).toBe(dialect !== 'sqlite');
      expect(Object.values(locksIn(report)).join()).toMatch(
        { sqlite: /BEGIN EXCLUSIVE/, postgresql: /ACCESS EXCLUSIVE/, mysql: /metadata lock/ }[dialect],
      );
    },
  );
});

async function migrated(database: TestDatabase): Promise<TestDatabase> {
  expect((await reportHere(database.url, ['migrate', '--no-backup'])).exitCode).toBe(0);
  return database;
}

/** Rows and a part of the schema that `fix` mends: what is assigned, what is seeded, what is indexed. */
async function plantDefects(database: TestDatabase): Promise<void> {
  const { dialect } = database;
  await database.query('UPDATE prompts SET team_id = NULL, owner_email = NULL');
  await database.query('DELETE FROM email_team_members');
  await database.query('DELETE FROM user_roles');
  const on = dialect === 'mysql' ? ' ON email_api_tokens' : '';
  await database.query(`DROP INDEX idx_email_api_tokens_jti${on}`);
}

/** What both show and send: `--dry-run`, then the run, with every statement that it sends. */
async function compareWithRun(database: TestDatabase, command: readonly string[]): Promise<string[]> {
  const plan = await reportHere(database.url, [...command, '--no-backup', '--dry-run']);
  const shown = plan.report.steps.flatMap((step) => step.statements ?? []).map(withoutValues);
  const run = await reportHere(database.url, [...command, '--no-backup', '--debug', '--quiet']);
  expect(run.report.status).toBe('ok');
  const sent = run.stderr.split(/^\[sql\] /m).map((sql) => withoutValues(sql));
  expect(sent.filter((sql) => WRITES.test(sql))).toEqual(shown);
  expect(sent.filter((sql) => sql !== '' && !WRITES.test(sql) && !READS.test(sql))).toEqual([]);
  return shown;
}

const WRITES = /^(?:CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|REPLACE|RENAME|SET SESSION foreign_key_checks)\b/;

/** What reads, and what begins and ends transactions and locks: of those `--dry-run` has its section Locks. */
const READS =
  /^(?:SELECT|WITH RECURSIVE walk|SHOW|PRAGMA|BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|LOCK TABLES?|UNLOCK TABLES|SET LOCAL|SET TRANSACTION|SET STATEMENT|SET SESSION lock_wait_timeout)\b/;

function locksIn(report: Report): Record<string, string> {
  const rows = report.sections.find(({ id }) => id === 'locks')?.rows ?? [];
  return Object.fromEntries(rows.map(([table, lock]) => [String(table), String(lock)]));
}

/** One line, without the parameters behind it, and without ids and times that every run makes anew. */
function withoutValues(sql: string): string {
  return sql
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/ -- .*$/, '')
    .replaceAll(/'[0-9a-f]{32}'/g, "'<id>'")
    .replaceAll(/'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*'/g, "'<time>'");
}
