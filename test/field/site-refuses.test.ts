import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fix } from '../../src/commands/fix.ts';
import { status } from '../../src/commands/status.ts';
import type { Connection } from '../../src/database/connection.ts';
import { statement } from '../../src/database/statement.ts';
import { holdDatabase } from '../doctor/sqlite/hold-database.ts';
import { lockTable } from '../faults/lock-support.ts';
import { commandRuns } from '../support/command-run.ts';
import { connect } from '../support/connect.ts';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.ts';
import { migratedDatabase } from '../support/migrated-database.ts';
import { runSql } from '../support/run-sql.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GLOBAL = { format: 'json', color: false } as const;
const WRITE = { ...GLOBAL, yes: true, backup: false, lockTimeout: 1 } as const;

const RAISES = {
  sqlite: `CREATE TRIGGER closed BEFORE UPDATE ON tools BEGIN SELECT RAISE(ABORT, 'tools are closed'); END`,
  postgresql: `CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''tools are closed''; END';
    CREATE TRIGGER closed BEFORE UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION closed()`,
  mysql: `CREATE TRIGGER closed BEFORE UPDATE ON tools FOR EACH ROW
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'tools are closed'`,
} as const;

describe('What the server or the site refuses', () => {
  for (const { id, dialect, available } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      it('a trigger that raises: FAILED with the statement, what asked for it, and nothing half done', async () => {
        const { database } = await migratedDatabase(id, (made) =>
          made.query('UPDATE tools SET owner_email = NULL, team_id = NULL'),
        );
        await runSql(dialect, database.url, RAISES[dialect]);
        const run = commandRuns(database, temporaryFolder());
        const { report } = await run((io) => fix(io, { ...WRITE, only: ['ownership.orphans'] }));
        const code = dialect === 'mysql' ? 'PARTIAL' : 'FAILED';
        expect(report.error).toMatchObject({ code, message: expect.stringContaining('tools are closed') });
        expect(report.error?.details).toEqual(
          expect.arrayContaining([
            expect.stringMatching(/^Statement: (UPDATE|update) .*tools/),
            expect.stringMatching(/^Asked for by: \S/),
          ]),
        );
        expect(report.error?.hint).toMatch(/change what refuses.* run: mcpgw fix/s);
      });

      it('a table that is locked: status says within seconds what holds it', async () => {
        const database = await createDatabase(id);
        onTestFinished(() => database.drop());
        await database.query('CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)');
        await lock(database);
        const run = commandRuns(database, temporaryFolder());
        const since = performance.now();
        const { report } = await run((io) => status(io, GLOBAL));
        expect(performance.now() - since).toBeLessThan(9_000);
        expect(report.error).toMatchObject({ code: 'BUSY', message: expect.stringMatching(HOLDER[dialect]) });
      });
    });
  }

  for (const { id, dialect, available } of DATABASES.filter((kind) => kind.dialect !== 'sqlite')) {
    describe.skipIf(!available)(id, () => {
      const isPostgresql = dialect === 'postgresql';
      const pid = sql<{
        id: unknown;
      }>`SELECT ${sql.raw(isPostgresql ? 'pg_backend_pid()' : 'connection_id()')} AS id`;
      const sessionOf = async (db: Connection) => Number((await db.query(pid))[0]?.id);

      async function empty(): Promise<TestDatabase> {
        const database = await createDatabase(id);
        onTestFinished(() => database.drop());
        return database;
      }

      it('a session that an administrator ends: it was ended, and by what', async () => {
        const database = await empty();
        const running = connect(database, async (db) => {
          const session = await sessionOf(db);
          const long = db.query(isPostgresql ? sql`SELECT pg_sleep(60)` : sql`SELECT sleep(60)`);
          long.catch(() => {});
          await database.query(isPostgresql ? `SELECT pg_terminate_backend(${session})` : `KILL ${session}`);
          await long;
        });
        await expect(running).rejects.toMatchObject({
          code: 'UNREACHABLE',
          hint: expect.stringMatching(isPostgresql ? /pg_terminate_backend/ : /KILL/),
        });
      });

      it('a session that was ended between two statements says so as well', async () => {
        const database = await empty();
        const running = connect(database, async (db) => {
          const session = await sessionOf(db);
          await database.query(isPostgresql ? `SELECT pg_terminate_backend(${session})` : `KILL ${session}`);
          const gone = isPostgresql
            ? `SELECT count(*) FROM pg_stat_activity WHERE pid = ${session}`
            : `SELECT count(*) FROM information_schema.PROCESSLIST WHERE ID = ${session}`;
          await expect.poll(() => database.query(gone)).toBe('0');
          await sleep(50);
          await db.query(sql`SELECT 1`);
        });
        await expect(running).rejects.toMatchObject({
          code: 'UNREACHABLE',
          hint: expect.stringMatching(isPostgresql ? /pg_terminate_backend/ : /KILL/),
        });
      });

      it('a statement that an administrator cancels: FAILED, cancelled', async () => {
        const database = await empty();
        const running = connect(database, async (db) => {
          const session = await sessionOf(db);
          const seen = (text: string) =>
            isPostgresql
              ? `SELECT count(*) FROM pg_stat_activity WHERE pid = ${session} AND query LIKE '%${text}%'`
              : `SELECT count(*) FROM information_schema.PROCESSLIST WHERE ID = ${session} AND INFO LIKE '%${text}%'`;
          await db.run(statement('CREATE TABLE held (id integer)'));
          const long = db.query(
            isPostgresql
              ? sql`SELECT pg_sleep(60)`
              : sql`SELECT count(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c`,
          );
          long.catch(() => {});
          await expect.poll(() => database.query(seen(isPostgresql ? 'pg_sleep' : 'COLUMNS c'))).toBe('1');
          await database.query(
            isPostgresql ? `SELECT pg_cancel_backend(${session})` : `KILL QUERY ${session}`,
          );
          await long;
        });
        await expect(running).rejects.toMatchObject({
          code: 'FAILED',
          message: expect.stringMatching(/^A statement was cancelled on the server: /),
          details: [expect.stringMatching(/^Statement: select/i)],
        });
      });

      it('a deadlock: BUSY, and named', async () => {
        const database = await empty();
        await database.query('CREATE TABLE held (id integer PRIMARY KEY, n integer)');
        await database.query('INSERT INTO held VALUES (1, 0), (2, 0)');
        const write = (row: number) => statement(`UPDATE held SET n = n + 1 WHERE id = ${row}`);
        const running = connect(database, (first) =>
          connect(database, async (second) => {
            await first.run(statement('BEGIN'));
            await second.run(statement('BEGIN'));
            await first.run(write(1));
            await second.run(write(2));
            await Promise.all([first.run(write(2)), second.run(write(1))]);
          }),
        );
        await expect(running).rejects.toMatchObject({
          code: 'BUSY',
          message: expect.stringContaining('deadlock'),
        });
      });

      it('an idle time-out: the session was ended, for it said nothing', async () => {
        const database = await empty();
        const running = connect(database, async (db) => {
          const session = await sessionOf(db);
          await db.run(
            statement(
              isPostgresql
                ? "SET idle_in_transaction_session_timeout = '50ms'"
                : 'SET SESSION wait_timeout = 1',
            ),
          );
          await db.run(statement('BEGIN'));
          const gone = isPostgresql
            ? `SELECT count(*) FROM pg_stat_activity WHERE pid = ${session}`
            : `SELECT count(*) FROM information_schema.PROCESSLIST WHERE ID = ${session}`;
          await expect.poll(() => database.query(gone), { timeout: 5_000 }).toBe('0');
          await sleep(50);
          await db.query(sql`SELECT 1`);
        });
        await expect(running).rejects.toMatchObject({
          code: 'UNREACHABLE',
          [isPostgresql ? 'message' : 'hint']: expect.stringMatching(
            /said nothing for too long|wait_timeout/,
          ),
        });
      });

      // MariaDB gives the table free, and keeps only the rows.
      it.skipIf(id === 'mariadb')(
        'a prepared transaction that keeps a table: it is named, with the statement that ends it',
        async () => {
          const database = await empty();
          await database.query('CREATE TABLE held (id integer)');
          const name = `left_${database.name}`;
          const prepare = isPostgresql
            ? ['BEGIN', 'LOCK TABLE held', `PREPARE TRANSACTION '${name}'`]
            : [
                `XA START '${name}'`,
                'INSERT INTO held VALUES (1)',
                `XA END '${name}'`,
                `XA PREPARE '${name}'`,
              ];
          await connect(database, async (db) => {
            for (const text of prepare) await db.run(statement(text));
          });
          const end = isPostgresql ? `ROLLBACK PREPARED '${name}';` : `XA ROLLBACK '${name}';`;
          // Also when this test fails: nobody could drop the database.
          let ended = false;
          onTestFinished(async () => {
            if (!ended) await database.query(end);
          });
          const tables = { changed: ['held'], others: [] };
          const lock = { timeoutMs: 0, onWait: () => {} };
          const waiting = connect(database, async (db) => {
            await db.dialect.beginRun(db, lock);
            await db.dialect.lockTables(db, tables, lock);
          });
          await expect(waiting).rejects.toMatchObject({
            code: 'LOCKED',
            message: expect.stringContaining(name),
            hint: expect.stringContaining(end),
          });
          await database.query(end);
          ended = true;
        },
      );

      it('a run whose session was left behind: LOCKED names the statement that ends it', async () => {
        const database = await empty();
        const lock = { timeoutMs: 0, onWait: () => {} };
        const waiting = connect(database, async (left) => {
          await left.dialect.beginRun(left, lock);
          const error = await connect(database, (db) => db.dialect.beginRun(db, lock)).catch((e) => e);
          expect(error).toMatchObject({ code: 'LOCKED' });
          const end = (isPostgresql ? /SELECT pg_terminate_backend\(\d+\);/ : /KILL \d+;/).exec(
            error.hint,
          )?.[0];
          await database.query(end ?? '');
          await left.query(sql`SELECT 1`);
        });
        await expect(waiting).rejects.toMatchObject({ code: 'UNREACHABLE' });
      });
    });
  }
});

const HOLDER = {
  sqlite: /is locked by node.* pid \d+ on this host/,
  postgresql: /alembic_version by a transaction of monthly report from /,
  mysql: /by .*connection \d+ from /,
} as const;

/** Somebody has the table for himself, until the test has finished. */
async function lock(database: TestDatabase): Promise<void> {
  if (database.dialect === 'sqlite') await holdDatabase(database.name, 'BEGIN EXCLUSIVE');
  else onTestFinished(await lockTable(database, 'alembic_version'));
}
