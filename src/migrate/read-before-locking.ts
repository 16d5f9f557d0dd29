import { UNSEEN } from '../database/blocker.ts';
import type { Connection } from '../database/connection.ts';
import { tablesInUse } from '../database/tables-in-use.ts';
import { GatewayError } from '../errors.ts';
import type { Progress } from '../progress.ts';

/** Long enough for any statement of the gateway; whoever holds a table longer is a run like this one. */
const TABLE_WAIT_MS = 1_000;

interface ReadOptions {
  readonly progress: Progress;
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Reads the database at one moment, before a run takes its locks. Where another run is at work, tables cannot
 * even be read: then this waits for the lock of runs, which names the holder, and reads again.
 *
 * @throws GatewayError LOCKED when that run is not done in time, or when something else keeps a table locked
 */
export async function readBeforeLocking<T>(
  db: Connection,
  { progress, lockTimeoutMs, signal }: ReadOptions,
  read: () => Promise<T>,
): Promise<T> {
  const { dialect } = db;
  const deadline = performance.now() + lockTimeoutMs;
  // Where schema changes are no part of a transaction, another run shows half of its work, which looks like
  // anything; so a refusal counts only when it comes again after that run.
  let refusable = dialect.transactionalDdl;
  let isLastTry = false;
  for (;;) {
    try {
      await dialect.beginRead(db, TABLE_WAIT_MS);
      try {
        return await read();
      } finally {
        await dialect.endRead(db).catch(() => {
          // The connection is gone; the error that says so is on its way.
        });
      }
    } catch (error) {
      const known = error instanceof GatewayError ? error : dialect.translateError(error);
      const busy = known?.code === 'BUSY';
      const halfDone = known === null || known.code === 'STATE' || known.code === 'PREFLIGHT';
      if (!busy && (refusable || !halfDone)) throw error;
      if (busy && isLastTry) {
        const blocker = (await dialect.readBlocker(db)) ?? UNSEEN;
        throw tablesInUse(blocker, lockTimeoutMs, error);
      }
      // Once more when no run is at work, which is named otherwise, or has just ended.
      isLastTry = busy && performance.now() >= deadline;
      refusable ||= !busy;
    }
    await dialect.beginRun(db, {
      timeoutMs: Math.max(0, Math.round(deadline - performance.now())),
      peek: true,
      onWait: (holder) => progress.log(`Waiting for ${holder} …`),
      signal,
    });
    await dialect.endRun(db, false);
  }
}
