import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import SQLite from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { writeLockHolder } from '../../src/database/sqlite/holder.ts';
import { connect } from '../support/connect.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { type CliOptions, spawnCli, startCli } from '../support/spawn-cli.ts';
import { expectMigratedOnce, SAMPLE, startingDatabase } from './at-once.ts';

const HOST = hostname();
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;

const at = (database: TestDatabase): CliOptions => ({ env: { DATABASE_URL: database.url } });

async function database(id: TestDatabase['id'], start: 'empty' | 'v0.6.0'): Promise<TestDatabase> {
  const made = await startingDatabase(id, start);
  onTestFinished(() => made.drop());
  return made;
}

/** Waits until something is so; the time-out of the test ends it otherwise. */
async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await sleep(50);
}

/** A transaction that reads `tools` and stays open: a migration that has begun cannot get past it. */
async function openRead({ dialect, url, name }: TestDatabase): Promise<() => Promise<void>> {
  if (dialect === 'sqlite') {
    const file = new SQLite(name);
    file.exec('BEGIN');
    file.prepare('SELECT count(*) FROM tools').get();
    return async () => void file.close();
  }
  if (dialect === 'postgresql') {
    const client = new pg.Client({ connectionString: url, application_name: 'monthly report' });
    await client.connect();
    await client.query('BEGIN; SELECT count(*) FROM tools');
    return () => client.end();
  }
  const connection = await createConnection(url);
  await connection.query('START TRANSACTION');
  await connection.query('SELECT count(*) FROM tools');
  return () => connection.end();
}

/** Whether the run holds its lock and waits for whoever reads `tools`. */
const IS_STUCK: Readonly<
  Record<TestDatabase['dialect'], (database: TestDatabase, pid: number) => Promise<boolean>>
> = {
  sqlite: async ({ name }, pid) => writeLockHolder(name)?.text.includes(`pid ${pid} `) ?? false,
  postgresql: async (database) =>
    (await database.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")) === '1' &&
    (await database.query('SELECT count(*) FROM pg_locks WHERE NOT granted')) !== '0',
  mysql: async (database) =>
    (await database.query(
      "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = database() AND STATE LIKE 'Waiting for table metadata lock'",
    )) !== '0',
};

/** How the error names the holder: process, host, since when. */
const NAMED: Readonly<Record<TestDatabase['dialect'], (pid: number) => RegExp>> = {
  sqlite: (pid) => new RegExp(`mcpgw pid ${pid} on this host, running since ${TIME}`),
  postgresql: (pid) => new RegExp(`mcpgw@${HOST} pid ${pid} from 127\\.0\\.0\\.1 .*since ${TIME}`),
  mysql: (pid) => new RegExp(`mcpgw pid ${pid} from 127\\.0\\.0\\.1, account mcpgw .*since ${TIME}`),
};

/** On one line, however it was wrapped. */
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ');

describeEachDatabase('the lock of a run', ({ id, dialect }) => {
  test('of a frozen process is waited for in vain: exit 4 names it, and it goes on when it wakes', async () => {
    const made = await database(id, 'v0.6.0');
    const closeRead = await openRead(made);
    const holder = await startCli(['migrate'], at(made));
    onTestFinished(() => void holder.child.kill('SIGKILL'));
    await until(() => IS_STUCK[dialect](made, holder.pid));
    holder.child.kill('SIGSTOP');
    await closeRead();

    const second = await spawnCli(['migrate', '--lock-timeout', '2'], at(made));
    expect(oneLine(second.stderr)).toMatch(NAMED[dialect](holder.pid));
    expect(second.exitCode).toBe(4);
    expect(second.stdout).toBe('');

    holder.child.kill('SIGCONT');
    expect((await holder.ended).exitCode).toBe(0);
    await expectMigratedOnce(made, 'v0.6.0');
  });

  test('is not taken at v0.7.0: whoever holds it, replicas start at once', async () => {
    const made = await database(id, 'empty');
    await migrate(made);
    await connect(made, async (db) => {
      await db.dialect.beginRun(db, { timeoutMs: 0, onWait: () => {} });
      const replica = await spawnCli(['migrate', '--lock-timeout', '0'], at(made));
      expect(replica.stderr).not.toContain('Waiting');
      expect(replica.exitCode).toBe(0);
      await db.dialect.endRun(db, false);
    });
  });

  test('is free again after the run', async () => {
    const made = await database(id, 'v0.6.0');
    const run = await spawnCli(['migrate'], at(made));
    expect(run.exitCode).toBe(0);
    await connect(made, async (db) => {
      const waits: string[] = [];
      await db.dialect.beginRun(db, { timeoutMs: 0, onWait: (holder) => void waits.push(holder) });
      await db.dialect.endRun(db, false);
      expect(waits).toEqual([]);
    });
  });
});

describe('an SQLite file that another program writes to', () => {
  for (const mode of ['DELETE', 'WAL']) {
    test(`in journal mode ${mode}: exit 2 names the program`, async () => {
      const made = await database('sqlite', 'v0.6.0');
      const other = new SQLite(made.name);
      onTestFinished(() => void other.close());
      other.pragma(`journal_mode = ${mode}`);
      other.exec(`BEGIN IMMEDIATE; UPDATE tools SET name = name`);

      const run = await spawnCli(['migrate', '--lock-timeout', '1'], at(made));
      const pid = new RegExp(`locked by \\S.* pid ${process.pid} on this host, running since ${TIME}`);
      if (process.platform === 'linux') expect(oneLine(run.stderr)).toMatch(pid);
      expect(run.stderr).not.toContain('Another run of mcpgw');
      expect(run.exitCode).toBe(2);

      other.exec('ROLLBACK');
      expect((await spawnCli(['migrate'], at(made))).exitCode).toBe(0);
    });
  }

  test('a reader holds up the commit only until it is done', async () => {
    const made = await database('sqlite', 'v0.6.0');
    const closeRead = await openRead(made);
    const run = await startCli(['migrate'], at(made));
    await until(() => IS_STUCK.sqlite(made, run.pid));
    await sleep(500);
    await closeRead();
    expect((await run.ended).exitCode).toBe(0);
    await expectMigratedOnce(made, 'v0.6.0');
  });
});

for (const { id, available } of DATABASES.filter(({ dialect }) => dialect === 'postgresql')) {
  describe.skipIf(!available)(`tables in use [${id}]`, () => {
    test('while it waits for a long read the gateway’s queries go on, and exit 4 names the reader', async () => {
      const made = await database(id, 'v0.6.0');
      const closeRead = await openRead(made);
      const gateway = new pg.Client({ connectionString: made.url, application_name: 'gateway' });
      await gateway.connect();
      let migrating = true;
      let longestMs = 0;
      let queries = 0;
      const traffic = (async () => {
        while (migrating) {
          const since = performance.now();
          await gateway.query('SELECT id, name FROM tools LIMIT 5');
          longestMs = Math.max(longestMs, performance.now() - since);
          queries++;
          await sleep(10);
        }
      })();
      const run = await spawnCli(['migrate', '--lock-timeout', '5'], at(made));
      migrating = false;
      await traffic;
      expect(oneLine(run.stderr)).toMatch(
        new RegExp(`tools by a transaction of monthly report from 127\\.0\\.0\\.1 .*since ${TIME}`),
      );
      expect(run.exitCode).toBe(4);
      expect(queries).toBeGreaterThan(20);
      // One try is 1 s; the rest is the scheduling of a busy machine.
      expect(longestMs).toBeLessThan(1_500);
      // It did queue behind a try, or nothing was tested.
      expect(longestMs).toBeGreaterThan(300);

      await gateway.end();
      await closeRead();
      expect(await made.query('SELECT version_num FROM alembic_version')).toBe('1fc1795f6983');
      expect(await made.query('SELECT count(*) FROM tools')).toBe(String(SAMPLE.tools));
      expect((await spawnCli(['migrate'], at(made))).exitCode).toBe(0);
    });
  });
}
