import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import type { Connection } from '../connection.ts';
import type { RunLock } from '../dialect.ts';
import { statement } from '../statement.ts';
import { quotePostgresql as q } from './ddl.ts';

/** How often to ask again for the run's lock. */
const POLL_MS = 200;
/**
 * How long one try for the table locks may wait. While it waits, the gateway's own queries queue behind it;
 * so each try is short, and gives up everything before the next.
 */
const TABLE_LOCK_TRY_MS = 1_000;
const PAUSE_BETWEEN_TRIES_MS = 500;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Begins the transaction and takes the advisory lock of this database and schema in it. The lock ends with
 * the transaction, so nothing leaks behind a pooler. It is asked for again and again rather than waited for,
 * because a waiting statement would hold back time-outs and signals.
 */
export async function beginPostgresqlRun(db: Connection, lock: RunLock): Promise<void> {
  const deadline = Date.now() + lock.timeoutMs;
  for (let first = true; ; first = false) {
    await db.run(statement('BEGIN'));
    const [row] = await db.query<{ locked: boolean }>(
      sql`SELECT pg_try_advisory_xact_lock(${sql.raw(LOCK_KEY)}) AS locked`,
    );
    if (row?.locked) return;
    const holder = await holderOf(db);
    await db.run(statement('ROLLBACK'));
    if (first) lock.onWait(holder);
    if (Date.now() >= deadline) {
      throw new GatewayError('LOCKED', `Another run of mcpgw is at work on this database: ${holder}.`, {
        hint: 'Wait until it is done and run the command again (or give it longer: --lock-timeout 300). Nothing was changed.',
      });
    }
    await sleep(POLL_MS);
  }
}

/** Two 32-bit keys: one for mcpgw, one for the schema; advisory locks are per database by themselves. */
const LOCK_KEY = `hashtext('mcpgw'), hashtext('mcpgw:' || current_schema())`;

async function holderOf(db: Connection): Promise<string> {
  const [row] = await db.query<{ pid: number; host: string | null; name: string; since: Date | string }>(sql`
    SELECT a.pid, coalesce(a.client_hostname, host(a.client_addr)) AS host, a.application_name AS name,
           a.xact_start AS since
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.classid::bigint = hashtext('mcpgw')::bigint & 4294967295
      AND l.objid::bigint = hashtext('mcpgw:' || current_schema())::bigint & 4294967295`);
  if (row === undefined) return 'a run that has just ended';
  const since = row.since instanceof Date ? row.since.toISOString() : String(row.since ?? 'an unknown time');
  return `${row.name || 'a process'} from ${row.host ?? 'the server itself'} (server process ${row.pid}), since ${since}`;
}

/** Locks every table at once, in short tries; see TABLE_LOCK_TRY_MS. */
export async function lockPostgresqlTables(
  db: Connection,
  tables: { readonly changed: readonly string[]; readonly others: readonly string[] },
  lock: RunLock,
): Promise<void> {
  const statements = [
    [tables.changed, 'ACCESS EXCLUSIVE'] as const,
    [tables.others, 'SHARE'] as const,
  ].filter(([names]) => names.length > 0);
  const deadline = Date.now() + lock.timeoutMs;
  for (let first = true; ; first = false) {
    await db.run(statement('SAVEPOINT mcpgw_locks'));
    try {
      await db.run(statement(`SET LOCAL lock_timeout = ${TABLE_LOCK_TRY_MS}`));
      for (const [names, mode] of statements) {
        await db.run(statement(`LOCK TABLE ${names.map(q).join(', ')} IN ${mode} MODE`));
      }
      await db.run(statement('RELEASE SAVEPOINT mcpgw_locks'));
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03') throw error;
      await db.run(statement('ROLLBACK TO SAVEPOINT mcpgw_locks'));
      const holder = await blockerOf(db, [...tables.changed, ...tables.others]);
      if (first) lock.onWait(holder);
      if (Date.now() >= deadline) {
        throw new GatewayError('LOCKED', `The gateway’s tables are in use: ${holder}.`, {
          hint: 'Stop the gateway or end that transaction, then run the command again. Nothing was changed.',
          cause: error,
        });
      }
      await sleep(PAUSE_BETWEEN_TRIES_MS);
    }
  }
}

async function blockerOf(db: Connection, tables: readonly string[]): Promise<string> {
  const [row] = await db.query<{ pid: number; host: string | null; name: string; since: Date | string }>(sql`
    SELECT a.pid, coalesce(a.client_hostname, host(a.client_addr)) AS host, a.application_name AS name,
           a.xact_start AS since
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    JOIN pg_class c ON c.oid = l.relation
    WHERE l.granted AND a.pid <> pg_backend_pid() AND c.relname IN (${sql.join([...tables])})
      AND c.relnamespace = current_schema()::regnamespace
    ORDER BY a.xact_start LIMIT 1`);
  if (row === undefined) return 'a transaction that has just ended';
  const since = row.since instanceof Date ? row.since.toISOString() : String(row.since ?? 'an unknown time');
  return `a transaction of ${row.name || 'a client'} from ${row.host ?? 'the server itself'} (server process ${row.pid}), open since ${since}`;
}
