import type { Blocker } from '../blocker.ts';
import type { Connection } from '../connection.ts';
import type { RunLock } from '../dialect.ts';
import { poll } from '../poll.ts';
import { runLocked } from '../run-locked.ts';
import { statement } from '../statement.ts';
import { boundMysqlWaits } from './bound-waits.ts';
import { isGaleraNode, type Lease, leaseSeeker } from './lease.ts';
import { GONE, namedLockHolder, releaseNamedLock, tryNamedLock } from './named-lock.ts';

const POLL_MS = 200;
/** Every SELECT, and every other statement, sees what all nodes have committed before it. */
const SYNC_ALL = 15;

/** What ends a run, by its connection. */
const leases = new WeakMap<Connection, Lease>();

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

export async function endMysqlRun(db: Connection): Promise<void> {
  const lease = leases.get(db);
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
