import type { Connection } from '../database/connection.ts';
import type { RunLock } from '../database/dialect.ts';
import type { Progress } from '../progress.ts';
import type { Command } from '../report/advice.ts';
import { commitUnknown } from './commit-unknown.ts';
import { partialError } from './partial-error.ts';
import { takenBack } from './taken-back.ts';

/** Called behind the lock of a run, before its first write; takes the backup. */
export type BeforeWriting = () => Promise<void>;

export interface InRunOptions {
  readonly progress: Progress;
  readonly lockTimeoutMs: number;
  /** What runs, as a sentence starts: `The migration`. */
  readonly what: string;
  /** The command that goes on after an interruption. */
  readonly command: Command;
  /** Aborted by the first Ctrl-C, which ends a wait for a lock. */
  readonly signal: AbortSignal;
}

export interface Run {
  readonly lock: RunLock;
  /** Whether another run had the lock before. */
  readonly waited: boolean;
  /** To be called before every statement that writes. */
  readonly onWrite: () => void;
}

/**
 * Gives `body` the locks of a run, and the one transaction of it where the database has that: committed when
 * `body` returns, taken back when it throws.
 *
 * @throws GatewayError PARTIAL for an error after the first write where that cannot be taken back;
 *   CommitUnknown when the connection was lost before the commit was answered
 */
export async function inRun<T>(
  db: Connection,
  { progress, lockTimeoutMs, what, command, signal }: InRunOptions,
  body: (run: Run) => Promise<T>,
): Promise<T> {
  let waited = false;
  let writes = 0;
  const lock: RunLock = {
    timeoutMs: lockTimeoutMs,
    onWait(holder) {
      waited = true;
      progress.log(`Waiting for ${holder} …`);
    },
    signal,
  };
  await db.dialect.beginRun(db, lock);
  let result: T;
  try {
    result = await body({
      lock,
      waited,
      onWrite() {
        writes++;
      },
    });
  } catch (error) {
    await takeBack(db);
    if (writes === 0) throw error;
    throw db.dialect.transactionalDdl
      ? takenBack(db, error, command)
      : partialError(db, error, { what, command, done: writes - 1 });
  }
  try {
    await db.dialect.endRun(db, true);
  } catch (error) {
    // Where every statement is its own transaction, only the lock was left, and it goes with the connection.
    if (!db.dialect.transactionalDdl) return result;
    await takeBack(db);
    throw writes > 0 ? commitUnknown(db, error, { what, command }, result) : error;
  }
  return result;
}

async function takeBack(db: Connection): Promise<void> {
  await db.dialect.endRun(db, false).catch(() => {
    // The connection is gone, and with it the transaction and its locks.
  });
}
