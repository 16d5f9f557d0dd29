import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { connect } from '../support/connect.ts';
import { runSql } from '../support/run-sql.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { SAMPLE } from './at-once.ts';

const POOLER = process.env.TEST_PGBOUNCER_URL || undefined;

/** What a session may be left with, as each of the pool's server connections has it. */
const STATE = `SELECT pg_backend_pid() AS pid, current_setting('TimeZone') AS zone,
  current_setting('lock_timeout') AS lock_timeout, current_setting('statement_timeout') AS statement_timeout,
  current_setting('search_path') AS search_path, current_setting('default_transaction_read_only') AS read_only,
  (SELECT count(*) FROM pg_prepared_statements) AS prepared,
  (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS advisory`;

/** The server connections of the pool; more of them at once would have to wait. */
const POOL_SIZE = 3;

describe.skipIf(POOLER === undefined)(
  'behind PgBouncer in transaction pooling (needs TEST_PGBOUNCER_URL)',
  () => {
    let url: string;

    beforeEach(async () => {
      const name = `mcpgw_test_${randomBytes(6).toString('hex')}`;
      const admin = POOLER ?? '';
      await runSql('postgresql', admin, `CREATE DATABASE ${name}`);
      // Not UTC, which is what a session of ours would leave behind.
      await runSql('postgresql', admin, `ALTER DATABASE ${name} SET TimeZone = 'Asia/Tokyo'`);
      const at = new URL(admin);
      at.pathname = `/${name}`;
      url = at.href;
      onTestFinished(async () => {
        await runSql('postgresql', admin, `DROP DATABASE ${name} WITH (FORCE)`);
      });
      await createSample(url, SAMPLE);
    });

    const run = (...args: string[]) => spawnCli(args, { env: { DATABASE_URL: url } });

    test('migrate, verify and fix work beside other traffic, and leave no trace in its sessions', async () => {
      const before = await poolState(url);
      expect(before.map(({ zone }) => zone)).toEqual(Array(POOL_SIZE).fill('Asia/Tokyo'));
      const traffic = startTraffic(url);

      const migrated = await run('migrate', '--no-backup');
      expect(migrated.stdout).toContain('release 0.7.0');
      expect(migrated.exitCode).toBe(0);
      expect((await run('verify')).exitCode).toBe(0);
      expect((await run('migrate')).stdout).toContain('already');
      await runSql('postgresql', url, 'UPDATE tools SET team_id = NULL, owner_email = NULL');
      expect((await run('verify')).exitCode).toBe(1);
      expect((await run('fix', '--yes', '--no-backup')).exitCode).toBe(0);
      expect((await run('verify')).exitCode).toBe(0);
      expect((await run('status')).exitCode).toBe(0);

      const { queries, errors } = await traffic.stop();
      expect(errors).toEqual([]);
      expect(queries).toBeGreaterThan(20);
      const after = await poolState(url);
      const withoutPid = (states: readonly State[]) => states.map(({ pid: _, ...state }) => state);
      expect(withoutPid(after)).toEqual(withoutPid(before));
      // At least one of those connections was there before, or they show nothing.
      expect(after.some(({ pid }) => before.some((b) => b.pid === pid))).toBe(true);
      expect(
        await runSql('postgresql', url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
      ).toBe('0');
      const owned = "SELECT count(*) FROM tools WHERE owner_email = 'admin@corp.example.com'";
      expect(await runSql('postgresql', url, owned)).toBe(String(SAMPLE.tools));
      const written =
        'SELECT count(*) FROM email_users WHERE abs(extract(epoch FROM now() - created_at)) < 600';
      expect(await runSql('postgresql', url, written)).toBe('1');
    });

    test('a second run waits for the first, and names it', async () => {
      await connect({ url }, async (db) => {
        await db.dialect.beginRun(db, { timeoutMs: 0, onWait: () => {} });
        const second = await run('migrate', '--no-backup', '--lock-timeout', '1');
        expect(second.stderr.replaceAll(/\s+/g, ' ')).toMatch(
          new RegExp(`mcpgw@${hostname()} pid ${process.pid} from \\S+ .*since \\d{4}-\\d\\d-\\d\\dT`),
        );
        expect(second.exitCode).toBe(4);
        await db.dialect.endRun(db, false);
      });
      expect((await run('migrate', '--no-backup')).exitCode).toBe(0);
    });
  },
);

interface State {
  readonly pid: number;
  readonly zone: string;
}

/** The state of every server connection of the pool, which as many transactions at once get hold of. */
async function poolState(url: string): Promise<State[]> {
  const clients = Array.from({ length: POOL_SIZE }, () => new pg.Client({ connectionString: url }));
  await Promise.all(clients.map((client) => client.connect()));
  await Promise.all(clients.map((client) => client.query('BEGIN')));
  const states = await Promise.all(clients.map((client) => client.query<State>(STATE)));
  await Promise.all(clients.map((client) => client.query('ROLLBACK')));
  await Promise.all(clients.map((client) => client.end()));
  return states.flatMap(({ rows }) => rows);
}

/** Clients that read and write in short transactions, as the gateway does. */
function startTraffic(url: string) {
  let going = true;
  let queries = 0;
  const errors: string[] = [];
  const clients = Array.from({ length: 4 }, async () => {
    const client = new pg.Client({ connectionString: url, application_name: 'gateway' });
    await client.connect();
    while (going) {
      try {
        await client.query('BEGIN');
        await client.query('SELECT id, name FROM tools LIMIT 3');
        await client.query('UPDATE servers SET icon = icon WHERE name IS NULL');
        await client.query('COMMIT');
        const { rows } = await client.query<{ TimeZone: string }>('SHOW TimeZone');
        if (rows[0]?.TimeZone !== 'Asia/Tokyo') errors.push(`TimeZone is ${rows[0]?.TimeZone}`);
        queries++;
      } catch (error) {
        errors.push(String(error));
        await client.query('ROLLBACK');
      }
      await sleep(20);
    }
    await client.end();
  });
  return {
    async stop() {
      going = false;
      await Promise.all(clients);
      return { queries, errors };
    },
  };
}
