import { type RawBuilder, sql } from 'kysely';
import { OWNED_TABLES } from '../../schema/gateway-tables.ts';
import { type Blocker, runLocked, tablesInUse, UNSEEN } from '../blocker.ts';
import type { Connection } from '../connection.ts';
import type { RunLock } from '../dialect.ts';
import { poll } from '../poll.ts';
import { statement } from '../statement.ts';
import { literalPostgresql, quotePostgresql as q } from './ddl.ts';
import { postgresqlSession } from './session.ts';

/** How long a reader waits for a table, unless a command sets a wait of its own. */
const READ_WAIT_MS = 30_000;
/** How often to ask again for the run's lock. */
const POLL_MS = 200;
/**
 * How long one try for all table locks may take. While it waits, the gateway's own queries queue behind it; so
 * each try is short, and gives up everything before the next.
 */
const TABLE_LOCK_TRY_MS = 1_000;
const PAUSE_BETWEEN_TRIES_MS = 500;
/** A lock not had in time, a statement not done in time, and a deadlock, which a pause resolves as well. */
const TRY_FAILED: ReadonlySet<string> = new Set(['55P03', '57014', '40P01']);

/**
 * Two 32-bit keys: one for mcpgw, one for the schema; advisory locks are per database by themselves. There is
 * no current schema when none of the search path exists.
 */
const KEYS = {
  mcpgw: `hashtext('mcpgw')`,
  schema: `hashtext('mcpgw:' || coalesce(current_schema(), ''))`,
} as const;

/**
 * Before the snapshot is taken, the tables that every change of the schema locks are there for readers, and stay so:
 * what is read of catalogue and rows is of one state. A table that was rewritten since a snapshot looks empty to it.
 */
export async function beginPostgresqlRead(db: Connection, tableWaitMs = READ_WAIT_MS): Promise<void> {
  const names = sql.join(OWNED_TABLES.map(({ name }) => sql.lit(name)));
  const tables = await db.query<{ name: string }>(sql`
    SELECT c.relname AS name FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relname IN (${names}) AND has_table_privilege(c.oid, 'SELECT') ORDER BY c.relname`);
  await db.run(statement(`BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY`));
  try {
    // Neither of these two takes the snapshot.
    await db.run(statement(`SET LOCAL lock_timeout = ${Math.round(tableWaitMs)}`));
    const list = tables.map(({ name }) => q(name)).join(', ');
    if (list !== '') await db.run(statement(`LOCK TABLE ${list} IN ACCESS SHARE MODE`));
  } catch (error) {
    await db.run(statement('ROLLBACK'));
    throw error;
  }
  await db.run(statement(postgresqlSession('true', { lock_timeout: `${Math.round(tableWaitMs)}ms` })));
}

/**
 * Statements that are sent together are one transaction, in which what is set locally counts: so behind a pooler nothing
 * is left in a session that is the gateway's, too.
 */
export function boundedPostgresqlQuery(query: string, waitMs: number): string {
  return `${postgresqlSession('true', { lock_timeout: `${Math.round(waitMs)}ms` })}; ${query}`;
}

/**
 * Begins the transaction and takes the advisory lock of this database and schema in it. The lock ends with
 * the transaction, so nothing leaks behind a pooler.
 */
export async function beginPostgresqlRun(db: Connection, lock: RunLock): Promise<void> {
  let holder: Blocker = GONE;
  const locked = await poll(
    { ...lock, everyMs: POLL_MS, onWait: async () => lock.onWait(holder.text, holder.end) },
    async () => {
      await db.run(statement('BEGIN ISOLATION LEVEL READ COMMITTED'));
      // In it the session is ours also behind a pooler, where only this is (see `session.ts`).
      await db.run(statement(postgresqlSession('true')));
      const [row] = await db.query<{ locked: boolean }>(
        sql`SELECT pg_try_advisory_xact_lock(${sql.raw(KEYS.mcpgw)}, ${sql.raw(KEYS.schema)}) AS locked`,
      );
      if (row?.locked) return true;
      holder = await holderOf(db);
      await db.run(statement('ROLLBACK'));
      return undefined;
    },
  );
  if (locked === undefined) throw runLocked(holder, lock.timeoutMs);
}

const GONE: Blocker = { text: 'a run that has just ended', end: null };

interface Session {
  readonly pid: number;
  readonly host: string | null;
  readonly name: string;
  readonly since: string | null;
}

/** Columns of pg_stat_activity that tell whose session it is; those of other users are null without privileges. */
const SESSION = sql`a.pid, coalesce(a.client_hostname, host(a.client_addr)) AS host,
  coalesce(a.application_name, '') AS name,
  to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since`;

function describe({ pid, host, name, since }: Session, what: string): string {
  const from = host === null ? 'on the server itself' : `from ${host}`;
  return `${name || what} ${from} (server process ${pid}), since ${since ?? 'a time that this user may not see'}`;
}

const ending = ({ pid }: Session) => `SELECT pg_terminate_backend(${pid});`;

async function holderOf(db: Connection): Promise<Blocker> {
  const [row] = await db.query<Session>(sql`
    SELECT ${SESSION}
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.classid::bigint = ${sql.raw(KEYS.mcpgw)}::bigint & 4294967295
      AND l.objid::bigint = ${sql.raw(KEYS.schema)}::bigint & 4294967295`);
  return row === undefined ? GONE : { text: describe(row, 'a process'), end: ending(row) };
}

/** Locks every table at once, in short tries; see TABLE_LOCK_TRY_MS. */
export async function lockPostgresqlTables(
  db: Connection,
  tables: { readonly changed: readonly string[]; readonly others: readonly string[] },
  lock: RunLock,
): Promise<void> {
  let blocker: Blocker = UNSEEN;
  let cause: unknown;
  const locked = await poll(
    {
      ...lock,
      everyMs: PAUSE_BETWEEN_TRIES_MS,
      onWait: async () => lock.onWait(blocker.text),
    },
    async () => {
      await db.run(statement('SAVEPOINT mcpgw_locks'));
      try {
        await tryTableLocks(db, tables);
        await db.run(statement('RELEASE SAVEPOINT mcpgw_locks'));
        return true;
      } catch (error) {
        if (!TRY_FAILED.has((error as { code?: string }).code ?? '')) throw error;
        await db.run(statement('ROLLBACK TO SAVEPOINT mcpgw_locks'));
        blocker = await blockerOf(db, tables);
        cause = error;
        return undefined;
      }
    },
  );
  if (locked !== undefined) return;
  throw tablesInUse(blocker, lock.timeoutMs, cause);
}

/**
 * One try for all the locks. `lock_timeout` counts anew for each table, so the time of the whole statement is
 * bounded as well.
 */
async function tryTableLocks(
  db: Connection,
  { changed, others }: { readonly changed: readonly string[]; readonly others: readonly string[] },
): Promise<void> {
  const deadline = performance.now() + TABLE_LOCK_TRY_MS;
  const locks = [
    [others, 'SHARE'],
    [changed, 'ACCESS EXCLUSIVE'],
  ] as const;
  await db.run(statement(`SET LOCAL lock_timeout = ${TABLE_LOCK_TRY_MS}`));
  for (const [names, mode] of locks) {
    if (names.length === 0) continue;
    const left = Math.max(1, Math.round(deadline - performance.now()));
    await db.run(statement(`SET LOCAL statement_timeout = ${left}`));
    await db.run(statement(`LOCK TABLE ${names.map(q).join(', ')} IN ${mode} MODE`));
  }
  await db.run(statement('SET LOCAL statement_timeout = 0'));
}

/** Modes that conflict with SHARE (PostgreSQL manual, table 13.2). */
const WRITING = [
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

/** Of the transactions that hold what we asked for, the oldest. */
async function blockerOf(
  db: Connection,
  { changed, others }: { readonly changed: readonly string[]; readonly others: readonly string[] },
): Promise<Blocker> {
  const among = (names: readonly string[]) =>
    names.length === 0 ? sql`false` : sql`c.relname IN (${sql.join([...names])})`;
  const condition = sql`(${among(changed)} OR (${among(others)} AND l.mode IN (${sql.join(WRITING)})))`;
  return (await oldestHolder(db, condition)) ?? { text: 'by a transaction that has just ended', end: null };
}

/** Whoever has what a SELECT must wait for; an index is locked with its table. */
export async function postgresqlReadBlocker(db: Connection): Promise<Blocker | null> {
  return oldestHolder(db, sql`c.relkind IN ('r', 'p') AND l.mode = 'AccessExclusiveLock'`);
}

/**
 * The table, and the oldest transaction of others that holds a lock on it for which the condition is true. One that
 * was prepared (PREPARE TRANSACTION) has no session any more, and keeps its locks through a restart of the server.
 */
async function oldestHolder(db: Connection, condition: RawBuilder<unknown>): Promise<Blocker | null> {
  const [row] = await db.query<Session & { readonly table: string; readonly gid: string | null }>(sql`
    SELECT ${SESSION}, c.relname AS table, p.gid
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    LEFT JOIN pg_locks x ON l.pid IS NULL AND x.locktype = 'transactionid'
      AND x.virtualtransaction = l.virtualtransaction
    LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
    JOIN pg_class c ON c.oid = l.relation
    WHERE l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
      AND c.relnamespace = quote_ident(current_schema())::regnamespace
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND ${condition}
    ORDER BY coalesce(a.xact_start, p.prepared) NULLS LAST, c.relname LIMIT 1`);
  if (row === undefined) return null;
  if (row.gid !== null) {
    const gid = literalPostgresql(row.gid);
    return { text: `${row.table} by the prepared transaction ${gid}`, end: `ROLLBACK PREPARED ${gid};` };
  }
  return { text: `${row.table} by a transaction of ${describe(row, 'a client')}`, end: ending(row) };
}
