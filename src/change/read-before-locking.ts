import { tablesInUse, UNSEEN } from '../database/blocker.ts';
import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import type { Progress } from '../progress.ts';

/** Long enough for any statement of the gateway; whoever holds a table longer is a run like this one. */
const TABLE_WAIT_MS = 1_000;

interface ReadOptions {
  readonly progress: Progress;
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Why nobody can be asked who runs: then what was read is all that can be known. */
const UNASKED: ReadonlySet<string> = new Set(['BUSY', 'PERMISSION', 'READ_ONLY']);

/**
 * Reads the database at one moment, before a run takes its locks. Where another run is at work, tables cannot
 * even be read: then this waits for the lock of runs, which names the holder, and reads again. So it does before
 * a last answer, which the run at work may be about to make another.
 *
 * @param isLast whether nothing is to be done, so that no lock follows
 * @throws GatewayError LOCKED when that run is not done in time, or when something else keeps a table locked
 */
export async function readBeforeLocking<T>(
  db: Connection,
  { progress, lockTimeoutMs, signal }: ReadOptions,
  read: () => Promise<T>,
  isLast: (found: T) => boolean,
): Promise<T> {
  const { dialect } = db;
  const deadline = performance.now() + lockTimeoutMs;
  let isSettled = false;
  let isLastTry = false;
  for (;;) {
    let answer: () => T;
    let busy = false;
    try {
      const found = await atOneMoment(db, read);
      if (isSettled || !isLast(found)) return found;
      answer = () => found;
    } catch (error) {
      const known = error instanceof GatewayError ? error : dialect.translateError(error);
      busy = known?.code === 'BUSY';
      // Where schema changes are no part of a transaction, half of another run's work looks like anything.
      const halfDone = known === null ? !dialect.transactionalDdl : /^(STATE|PREFLIGHT)$/.test(known.code);
      if (!busy && (isSettled || !halfDone)) throw error;
      if (busy && isLastTry) {
        const blocker = (await dialect.readBlocker(db)) ?? UNSEEN;
        throw tablesInUse(blocker, lockTimeoutMs, error);
      }
      // Once more when no run is at work, which is named otherwise, or has just ended.
      isLastTry = busy && performance.now() >= deadline;
      answer = () => {
        throw error;
      };
    }
    let mayDiffer = busy || !dialect.transactionalDdl;
    const onWait = (holder: string) => {
      mayDiffer = true;
      progress.log(`Waiting for ${holder} …`);
    };
    try {
      const timeoutMs = Math.max(0, Math.round(deadline - performance.now()));
      await dialect.beginRun(db, { timeoutMs, peek: true, onWait, signal });
      await dialect.endRun(db, false);
    } catch (error) {
      const known = error instanceof GatewayError ? error : dialect.translateError(error);
      if (busy || known === null || !UNASKED.has(known.code)) throw error;
    }
    if (!mayDiffer) return answer();
    isSettled ||= !busy;
  }
}

async function atOneMoment<T>(db: Connection, read: () => Promise<T>): Promise<T> {
  await db.dialect.beginRead(db, TABLE_WAIT_MS);
  try {
    return await read();
  } finally {
    await db.dialect.endRead(db).catch(() => {
      // The connection is gone; the error that says so is on its way.
    });
  }
}
