import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import { type Blocker, runLocked, tablesInUse, UNSEEN } from '../blocker.ts';
import type { Connection } from '../connection.ts';
import type { RunLock } from '../dialect.ts';
import { poll } from '../poll.ts';
import { statement } from '../statement.ts';
import { quoteMysql as q } from './ddl.ts';
import { isGaleraNode, type Lease, leaseSeeker } from './lease.ts';
import { GONE, namedLockHolder, releaseNamedLock, tryNamedLock } from './named-lock.ts';
import { type LockedTables, mysqlTableHolder } from './read-blocker.ts';

const POLL_MS = 200;
/** Every SELECT, and every other statement, sees what all nodes have committed before it. */
const SYNC_ALL = 15;

/** What ends a run, by its connection. */
const leases = new WeakMap<Connection, Lease>();
/** Connections with a transaction of rows. */
const transactions = new WeakSet<Connection>();

/** Takes the lock of this database: a named lock of the server, or a row on a cluster. */
export async function beginMysqlRun(db: Connection, lock: RunLock): Promise<void> {
  await ((await isGaleraNode(db)) ? takeLease(db, lock) : takeNamedLock(db, lock));
  await boundMysqlWaits(db, lock.timeoutMs);
}

async function takeNamedLock(db: Connection, lock: RunLock): Promise<void> {
  let holder: Blocker = GONE;
  const onWait = async () => lock.onWait(holder.text, holder.end);
  const locked = await poll({ ...lock, everyMs: POLL_MS, onWait }, async () => {
    if (await tryNamedLock(db)) return true;
    holder = await namedLockHolder(db);
    return undefined;
  });
  if (locked === undefined) throw runLocked(holder, lock.timeoutMs);
}

async function takeLease(db: Connection, lock: RunLock): Promise<void> {
  await db.run(statement(`SET SESSION wsrep_sync_wait = ${SYNC_ALL}`));
  const seeker = leaseSeeker(db, lock.peek ?? false);
  const onWait = async () => lock.onWait(seeker.holder());
  const lease = await poll({ ...lock, everyMs: POLL_MS, onWait }, seeker.attempt);
  if (lease === undefined) throw runLocked({ text: seeker.holder(), end: null }, lock.timeoutMs);
  leases.set(db, lease);
}

/** @param commit what a transaction of rows, where one was begun, ends in */
export async function endMysqlRun(db: Connection, commit: boolean): Promise<void> {
  const lease = leases.get(db);
  if (transactions.has(db)) {
    if (commit) await lease?.confirm();
    await db.run(statement(commit ? 'COMMIT' : 'ROLLBACK'));
    transactions.delete(db);
  }
  leases.delete(db);
  await (lease === undefined ? releaseNamedLock(db) : lease.release());
}

/** Begins a transaction that cannot write and sees one moment of the database. */
export async function beginMysqlRead(db: Connection, tableWaitMs?: number): Promise<void> {
  if (tableWaitMs !== undefined) {
    const wait = Math.max(1, Math.ceil(tableWaitMs / 1000));
    await db.run(statement(`SET SESSION lock_wait_timeout = ${wait}`));
  }
  await db.run(statement('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ'));
  await db.run(statement('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY'));
}

/** MySQL has no time-out for a single statement that ends a wait for a table, but one that ends the statement. */
export function boundedMysqlQuery(query: string, waitMs: number, mariadb: boolean): string {
  if (mariadb)
    return `SET STATEMENT lock_wait_timeout = ${Math.max(1, Math.ceil(waitMs / 1000))} FOR ${query}`;
  return query.replace(/^SELECT/, `SELECT /*+ MAX_EXECUTION_TIME(${Math.round(waitMs)}) */`);
}

/** How long a statement of a run may wait at most; the gateway's queries of the table queue up behind it. */
const LONGEST_S = 30;

/** Bounds how long each statement of this session waits for a table, and for rows that somebody else is writing. */
export async function boundMysqlWaits(db: Connection, lockTimeoutMs: number): Promise<void> {
  // Whole seconds, from 1.
  const wait = Math.min(LONGEST_S, Math.max(1, Math.ceil(lockTimeoutMs / 1000)));
  await db.run(
    statement(`SET SESSION lock_wait_timeout = ${wait}, SESSION innodb_lock_wait_timeout = ${wait}`),
  );
}

/**
 * How long one try for all the tables may take, in whole seconds as the server wants it. While it waits, the
 * gateway's own queries queue behind it; so each try is short, and gives up everything before the next.
 */
const TRY_S = 1;
const PAUSE_BETWEEN_TRIES_MS = 500;
/** Server Error Message Reference: the wait was too long, a deadlock. */
const TRY_FAILED: ReadonlySet<number> = new Set([1205, 1213]);
/** Not allowed to this account, on this kind of server, or on a view. */
const CANNOT_TRY: ReadonlySet<number> = new Set([1044, 1105, 1142, 1227, 1235]);

/**
 * Waits until nobody else uses the tables of a run; of one that changes rows only it begins the transaction, which a
 * table that is made or locked would end.
 */
export async function lockMysqlTables(db: Connection, tables: LockedTables, lock: RunLock): Promise<void> {
  await awaitFreeMysqlTables(db, tables, lock);
  if (lock.rowsOnly !== true) return;
  await refuseWithoutTransactions(db, tables.others);
  await leases.get(db)?.pause();
  await db.run(statement('START TRANSACTION'));
  transactions.add(db);
}

/** @throws GatewayError PREFLIGHT for tables in which what was written stays, whatever comes after it */
async function refuseWithoutTransactions(db: Connection, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return;
  const rows = await db.query<{ name: string; engine: string }>(sql`
    SELECT TABLE_NAME AS name, ENGINE AS engine FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = database() AND ENGINE <> 'InnoDB' AND TABLE_NAME IN (${sql.join([...tables])})`);
  if (rows.length === 0) return;
  throw new GatewayError('PREFLIGHT', 'Tables that would be written to have no transactions.', {
    details: rows.map(({ name, engine }) => `${name} (${engine}): ALTER TABLE ${q(name)} ENGINE=InnoDB;`),
    hint: 'Do what each line says, then run the same command again. Nothing was changed.',
  });
}

/**
 * Waits until nobody has a transaction open that has touched a table that is changed, or written to another one,
 * before the first write: here
 * nothing can be taken back, and a schema change that waits in vain would leave the run part-way. The locks of
 * LOCK TABLES keep everybody out at once, and are given back at once, since a schema change would end them.
 *
 * An account without the privilege LOCK TABLES goes on without; then the time-outs of the session bound the
 * waits. So does a cluster, where a schema change ends the transactions in its way.
 *
 * @throws GatewayError LOCKED with the holder when the tables are not free in time
 */
async function awaitFreeMysqlTables(db: Connection, tables: LockedTables, lock: RunLock): Promise<void> {
  const modes = [
    ...tables.changed.map((name) => `${q(name)} WRITE`),
    ...tables.others.map((name) => `${q(name)} READ`),
  ];
  if (modes.length === 0 || (await isGaleraNode(db))) return;
  const locks = statement(`LOCK TABLES ${modes.join(', ')}`);
  let blocker: Blocker = UNSEEN;
  let cause: unknown;
  await db.run(statement(`SET SESSION lock_wait_timeout = ${TRY_S}`));
  const isFree = await poll(
    { ...lock, everyMs: PAUSE_BETWEEN_TRIES_MS, onWait: async () => lock.onWait(blocker.text) },
    async () => {
      try {
        await db.run(locks);
      } catch (error) {
        const { errno = 0 } = error as { errno?: number };
        if (CANNOT_TRY.has(errno)) return true;
        if (!TRY_FAILED.has(errno)) throw error;
        blocker = (await mysqlTableHolder(db, tables)) ?? UNSEEN;
        cause = error;
        return undefined;
      }
      await db.run(statement('UNLOCK TABLES'));
      return true;
    },
  );
  if (isFree === undefined) throw tablesInUse(blocker, lock.timeoutMs, cause);
  await boundMysqlWaits(db, lock.timeoutMs);
}
