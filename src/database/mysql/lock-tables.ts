import { type Blocker, UNSEEN } from '../blocker.ts';
import type { Connection } from '../connection.ts';
import type { RunLock } from '../dialect.ts';
import { poll } from '../poll.ts';
import { statement } from '../statement.ts';
import { tablesInUse } from '../tables-in-use.ts';
import { boundMysqlWaits } from './bound-waits.ts';
import { quoteMysql as q } from './ddl.ts';
import { isGaleraNode } from './lease.ts';
import { type LockedTables, mysqlTableHolder } from './read-blocker.ts';

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
export async function awaitFreeMysqlTables(
  db: Connection,
  tables: LockedTables,
  lock: RunLock,
): Promise<void> {
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
