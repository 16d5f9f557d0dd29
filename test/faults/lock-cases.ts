import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { clientEnv } from '../backup/backup-context.ts';
import { connect } from '../support/connect.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { fingerprint } from '../support/fingerprint.ts';
import { migrate } from '../support/migrate.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { expectMigratedOnce, SAMPLE } from './at-once.ts';
import { describeDatabases } from './describe-databases.ts';
import { at, database, IS_STUCK, lockTable, oneLine, openRead, TIME, until } from './lock-support.ts';

const HOST = hostname();

/** How the error names the holder: process, host, since when. */
const NAMED: Readonly<Record<TestDatabase['dialect'], (pid: number) => RegExp>> = {
  sqlite: (pid) => new RegExp(`mcpgw pid ${pid} on this host, running since ${TIME}`),
  postgresql: (pid) => new RegExp(`mcpgw@${HOST} pid ${pid} from 127\\.0\\.0\\.1 .*since ${TIME}`),
  mysql: (pid) => new RegExp(`mcpgw pid ${pid} from 127\\.0\\.0\\.1, account mcpgw .*since ${TIME}`),
};

/** How the error names who keeps a table locked. */
const LOCKED_BY: Readonly<Record<TestDatabase['dialect'], RegExp>> = {
  sqlite: /./,
  postgresql: new RegExp(
    `in use: \\w+ by a transaction of monthly report from 127\\.0\\.0\\.1 .*since ${TIME}`,
  ),
  mysql: new RegExp(`in use: .*by .*connection \\d+ from 127\\.0\\.0\\.1, account mcpgw, .*since ${TIME}`),
};

/** The lock of a run, on these databases. */
export function lockCases(ids: readonly DatabaseId[]): void {
  describeDatabases(ids, 'the lock of a run', ({ id, dialect }) => {
    test('of a frozen process is waited for in vain: exit 4 names it, and it goes on when it wakes', async () => {
      const made = await database(id, 'v0.6.0');
      const closeRead = await openRead(made);
      const holder = await startCli(['migrate', '--no-backup'], at(made));
      onTestFinished(() => void holder.child.kill('SIGKILL'));
      await until(() => IS_STUCK[dialect](made, holder.pid));
      holder.child.kill('SIGSTOP');
      await closeRead();

      const second = await spawnCli(['migrate', '--no-backup', '--lock-timeout', '2'], at(made));
      expect(oneLine(second.stderr)).toMatch(NAMED[dialect](holder.pid));
      expect(second.exitCode).toBe(4);
      expect(second.stdout).toBe('');

      holder.child.kill('SIGCONT');
      expect((await holder.ended).exitCode).toBe(0);
      await expectMigratedOnce(made, 'v0.6.0');
    });

    test.runIf(dialect !== 'sqlite')(
      'names the run, even when not a table can be read any more',
      async () => {
        const made = await database(id, 'v0.6.0');
        await connect(made, async (db) => {
          await db.dialect.beginRun(db, { timeoutMs: 0, onWait: () => {} });
          const unlock = await lockTable(made, 'tools');
          const second = await spawnCli(['migrate', '--no-backup', '--lock-timeout', '0'], at(made));
          expect(oneLine(second.stderr)).toMatch(NAMED[dialect](process.pid));
          expect(second.exitCode).toBe(4);
          await unlock();
          await db.dialect.endRun(db, false);
        });
      },
    );

    test('is not taken at v0.7.0: whoever holds it, replicas start at once', async () => {
      const made = await database(id, 'empty');
      await migrate(made);
      await connect(made, async (db) => {
        await db.dialect.beginRun(db, { timeoutMs: 0, onWait: () => {} });
        const replica = await spawnCli(['migrate', '--no-backup', '--lock-timeout', '0'], at(made));
        expect(replica.stderr).not.toContain('Waiting');
        expect(replica.exitCode).toBe(0);
        await db.dialect.endRun(db, false);
      });
    });

    test('is free again after the run', async () => {
      const made = await database(id, 'v0.6.0');
      const run = await spawnCli(['migrate', '--no-backup'], at(made));
      expect(run.exitCode).toBe(0);
      await connect(made, async (db) => {
        const waits: string[] = [];
        await db.dialect.beginRun(db, { timeoutMs: 0, onWait: (holder) => void waits.push(holder) });
        await db.dialect.endRun(db, false);
        expect(waits).toEqual([]);
      });
    });
  });
  const servers = ids.filter((id) => id !== 'sqlite');
  describeDatabases(servers, 'a table that somebody keeps locked', ({ id, dialect }) => {
    test.each(['mcpgw_migration', 'alembic_version'])(
      '%s: at v0.7.0 nobody hangs; exit 4 says who it is, and when it is free all is well',
      async (table) => {
        const made = await database(id, 'empty');
        await migrate(made);
        const unlock = await lockTable(made, table);
        const refused = await spawnCli(['migrate', '--no-backup', '--lock-timeout', '2'], at(made));
        expect(oneLine(refused.stderr)).toMatch(LOCKED_BY[dialect]);
        expect([refused.exitCode, refused.stdout]).toEqual([4, '']);
        expect(refused.durationMs).toBeLessThan(40_000);

        const patient = await startCli(['migrate', '--no-backup'], at(made));
        await sleep(3_500);
        expect(patient.child.exitCode).toBeNull();
        await unlock();
        expect((await patient.ended).exitCode).toBe(0);
      },
    );
  });

  describeDatabases(servers, 'a table that somebody keeps locked for himself', ({ id, dialect }) => {
    test.each(['backup', 'restore'])(
      '%s does not wait for it for ever, nor without a word: exit 2 says who it is',
      async (command) => {
        const made = await database(id, 'v0.6.0');
        const place = temporaryFolder();
        const env = { ...at(made).env, ...clientEnv(id) };
        expect((await spawnCli(['backup', '-q', '--backup-dir', place], { env })).exitCode).toBe(0);
        const manifest = join(place, readdirSync(place).find((name) => name.endsWith('.json')) ?? '');
        const unlock = await lockTable(made, 'tools');
        const what = command === 'backup' ? [] : [manifest, '--confirm', new URL(made.url).pathname.slice(1)];
        const run = await spawnCli([command, ...what, '-q', '--backup-dir', place], {
          env,
          timing: { backupTableMs: 1_500 },
        });
        await unlock();
        expect(oneLine(run.stderr)).toMatch(LOCKED_BY[dialect]);
        expect([run.exitCode, run.stdout]).toEqual([2, '']);
        expect(run.durationMs).toBeLessThan(40_000);
      },
    );
  });

  const mysql = ids.filter((id) => id === 'mysql' || id === 'mariadb');
  describeDatabases(mysql, 'a transaction that somebody has left open', ({ id }) => {
    test('is found before the first write: exit 4 names it, nothing is changed, and later all is well', async () => {
      const made = await database(id, 'v0.6.0');
      const shape = async () => [await fingerprint(made), await made.query('SHOW CREATE TABLE tools')];
      const before = await shape();
      const forgotten = await createConnection(made.url);
      await forgotten.query('START TRANSACTION');
      await forgotten.query('UPDATE tools SET description = name');
      const run = await spawnCli(['migrate', '--no-backup', '--yes', '--lock-timeout', '3'], at(made));
      expect(oneLine(run.stderr)).toMatch(
        new RegExp(
          `in use: .*by .*connection ${forgotten.threadId} from 127\\.0\\.0\\.1, account mcpgw, .*since ${TIME}`,
        ),
      );
      expect([run.exitCode, run.stdout]).toEqual([4, '']);
      expect(run.durationMs).toBeLessThan(25_000);
      await forgotten.query('ROLLBACK');
      await forgotten.end();
      expect(await shape()).toEqual(before);
      expect((await spawnCli(['migrate', '--no-backup'], at(made))).exitCode).toBe(0);

      await made.query('UPDATE tools SET team_id = NULL, owner_email = NULL');
      const writer = await createConnection(made.url);
      await writer.query('START TRANSACTION');
      await writer.query('UPDATE tools SET description = name');
      const fix = ['fix', '--yes', '--no-backup'];
      const refused = await spawnCli([...fix, '--lock-timeout', '1'], at(made));
      expect(oneLine(refused.stderr)).toContain(`connection ${writer.threadId} from`);
      expect(refused.exitCode).toBe(4);
      await writer.end();
      expect((await spawnCli(fix, at(made))).exitCode).toBe(0);
    });
  });

  const postgresql = ids.filter((id) => id.startsWith('postgres'));
  describeDatabases(postgresql, 'tables in use', ({ id }) => {
    test('keep fix waiting for a bounded time only: exit 4 names who writes them', async () => {
      const made = await database(id, 'v0.6.0');
      await migrate(made);
      await made.query('UPDATE tools SET team_id = NULL, owner_email = NULL');
      const gateway = new pg.Client({ connectionString: made.url, application_name: 'gateway' });
      await gateway.connect();
      await gateway.query('BEGIN; UPDATE tools SET name = name');
      const fix = ['fix', '--yes', '--no-backup'];
      const run = await spawnCli([...fix, '--lock-timeout', '2'], at(made));
      expect(oneLine(run.stderr)).toMatch(
        new RegExp(`tools by a transaction of gateway from 127\\.0\\.0\\.1 .*since ${TIME}`),
      );
      expect(run.exitCode).toBe(4);
      expect(await made.query('SELECT count(*) FROM tools WHERE team_id IS NOT NULL')).toBe('0');
      await gateway.end();
      expect((await spawnCli(fix, at(made))).exitCode).toBe(0);
    });

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
      const run = await spawnCli(['migrate', '--no-backup', '--lock-timeout', '5'], at(made));
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
      expect((await spawnCli(['migrate', '--no-backup'], at(made))).exitCode).toBe(0);
    });
  });
}
