import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import { fix } from '../../src/commands/fix.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { restore } from '../../src/commands/restore.ts';
import { verify } from '../../src/commands/verify.ts';
import type { CommandRun } from '../support/command-run.ts';
import { commandRuns } from '../support/command-run.ts';
import { connect } from '../support/connect.ts';
import { adminUrl } from '../support/database-kinds.ts';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.ts';
import { runSql } from '../support/run-sql.ts';

const GLOBAL = { format: 'json', color: false } as const;
const WRITE = { ...GLOBAL, yes: true, lockTimeout: 10 } as const;

/** What a site sets for a role, and what our session has all the same. */
const POSTGRESQL = {
  statement_timeout: ['1s', '0'],
  lock_timeout: ['1ms', '30s'],
  idle_in_transaction_session_timeout: ['50ms', '5min'],
  row_security: ['on', 'off'],
  quote_all_identifiers: ['on', 'off'],
  standard_conforming_strings: ['off', 'on'],
  client_encoding: ['LATIN1', 'UTF8'],
  DateStyle: ['German', 'ISO, DMY'],
  IntervalStyle: ['sql_standard', 'postgres'],
  bytea_output: ['escape', 'hex'],
  extra_float_digits: ['-15', '1'],
  TimeZone: ['Asia/Tokyo', 'UTC'],
  default_transaction_isolation: ['serializable', 'read committed'],
  session_replication_role: ['origin', 'origin'],
} as const;

/** What a site's `init_connect` sets, and what our session has all the same. */
const MYSQL = {
  autocommit: ['0', '1'],
  completion_type: ["'CHAIN'", 'NO_CHAIN'],
  sql_safe_updates: ['1', '0'],
  sql_select_limit: ['50', '18446744073709551615'],
  sql_big_selects: ['0', '1'],
  wait_timeout: ['2', '300'],
  net_write_timeout: ['2', '600'],
  lock_wait_timeout: ['1', '30'],
  character_set_client: ["'latin1'", 'utf8mb4'],
  character_set_results: ["'latin1'", 'utf8mb4'],
  collation_connection: ["'latin1_swedish_ci'", 'utf8mb4_general_ci'],
  sql_mode: [
    "'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'",
    'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION',
  ],
  foreign_key_checks: ['0', '1'],
  unique_checks: ['0', '1'],
  sql_auto_is_null: ['1', '0'],
  time_zone: ["'+09:00'", '+00:00'],
  group_concat_max_len: ['4', '1048576'],
} as const;

function forUser(user: string, value: string, otherwise: string): string {
  const chosen = `IF(USER() LIKE '${user}@%', ${value}, ${otherwise})`;
  return value.startsWith("'") ? chosen : `CAST(${chosen} AS UNSIGNED)`;
}

const ADMIN_NAME = 'Zoë 😀';

describe('The session is ours', () => {
  for (const { id, dialect, available } of DATABASES.filter((kind) => kind.dialect !== 'sqlite')) {
    describe.skipIf(!available)(id, () => {
      const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
      const user = `odd_${id}_${process.pid}`;
      const admin = adminUrl(id)?.href ?? '';
      const isPostgresql = dialect === 'postgresql';
      let database: TestDatabase;
      let own: { readonly url: string };
      let run: ReturnType<typeof commandRuns>;
      let migrated: CommandRun;

      beforeAll(async () => {
        database = await createDatabase(id);
        const url = new URL(database.url);
        url.username = user;
        url.password = 'odd';
        own = { url: url.href };
        run = commandRuns(own, folder);
        if (isPostgresql) {
          await runSql(dialect, admin, `CREATE ROLE ${user} LOGIN PASSWORD 'odd'`);
          await runSql(dialect, admin, `ALTER DATABASE ${database.name} OWNER TO ${user}`);
          await createSample(own.url, SMALL_SAMPLE);
          for (const [name, [odd]] of Object.entries(POSTGRESQL)) {
            await runSql(dialect, admin, `ALTER ROLE ${user} SET ${name} = '${odd}'`);
          }
        } else {
          await runSql(dialect, admin, `CREATE USER '${user}'@'%' IDENTIFIED BY 'odd'`);
          await runSql(dialect, admin, `GRANT ALL ON ${database.name}.* TO '${user}'@'%'`);
          await createSample(own.url, SMALL_SAMPLE);
          // The server has one for everybody: it is for this user alone.
          const limit = id === 'mariadb' ? { max_statement_time: ['1'] } : { max_execution_time: ['1000'] };
          const odd = Object.entries({ ...MYSQL, ...limit }).map(
            ([name, [value]]) => `SESSION ${name} = ${forUser(user, value, `@@SESSION.${name}`)}`,
          );
          await runSql(dialect, admin, `SET GLOBAL init_connect = "SET ${odd.join(', ')}"`);
        }
        migrated = await run((io) => migrate(io, { ...WRITE, backup: true }), {
          PLATFORM_ADMIN_FULL_NAME: ADMIN_NAME,
        });
      }, 120_000);

      afterAll(async () => {
        if (!isPostgresql) await runSql(dialect, admin, "SET GLOBAL init_connect = ''");
        await database.drop();
        rmSync(folder, { recursive: true, force: true });
        await runSql(dialect, admin, isPostgresql ? `DROP ROLE ${user}` : `DROP USER '${user}'@'%'`);
      });

      it('whatever the site sets for the user, every setting of the list is ours', async () => {
        const names = Object.entries(isPostgresql ? POSTGRESQL : MYSQL);
        const found = await connect(own, async (db) => {
          const read = isPostgresql
            ? sql`SELECT ${sql.join(names.map(([name]) => sql`current_setting(${name}) AS ${sql.ref(name)}`))}`
            : sql`SELECT ${sql.join(names.map(([name]) => sql`@@SESSION.${sql.raw(name)} AS ${sql.ref(name)}`))}`;
          return (await db.query(read as RawBuilder<Record<string, unknown>>))[0] ?? {};
        });
        const texts = Object.entries(found).map(([name, value]) => [name, String(value)]);
        expect(Object.fromEntries(texts)).toEqual(
          Object.fromEntries(names.map(([name, [, ours]]) => [name, ours])),
        );
      });

      it('a migration with its backup is done, and another connection finds it saved', async () => {
        expect(migrated.report).toMatchObject({ exitCode: 0, error: null });
        expect((await run((io) => verify(io, GLOBAL))).report).toMatchObject({ exitCode: 0 });
        const again = await run((io) => migrate(io, { ...WRITE, backup: true }));
        expect(again.report.steps.every(({ status }) => status === 'already')).toBe(true);
      });

      it('texts arrive as they were written', async () => {
        const hex = isPostgresql ? "encode(full_name::bytea, 'hex')" : 'lower(hex(full_name))';
        const found = await database.query(`SELECT ${hex} FROM email_users`);
        expect(found).toBe(Buffer.from(ADMIN_NAME).toString('hex'));
      });

      it('a repair is saved, and a restore of the backup before it is whole', async () => {
        await database.query('UPDATE tools SET team_id = NULL, owner_email = NULL');
        const mended = await run((io) => fix(io, { ...WRITE, backup: true }));
        expect(mended.report).toMatchObject({ exitCode: 0, error: null });
        expect(await database.query('SELECT count(*) FROM tools WHERE team_id IS NULL')).toBe('0');
        const from = readdirSync(join(folder, 'mcpgw-backups'))
          .filter((name) => name.endsWith('.json'))
          .at(-1);
        const request = { ...GLOBAL, lockTimeout: 10, confirm: database.name, backup: false };
        const back = await run((io) => restore(io, { ...request, from: `mcpgw-backups/${from}` }));
        expect(back.report).toMatchObject({ exitCode: 0, error: null });
        const none = await database.query('SELECT count(*) FROM tools WHERE team_id IS NULL');
        expect(Number(none)).toBeGreaterThan(0);
      }, 60_000);
    });
  }
});
