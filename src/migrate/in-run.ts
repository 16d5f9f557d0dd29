import type { Connection } from '../database/connection.ts';
import type { RunLock } from '../database/dialect.ts';
import type { Progress } from '../progress.ts';
import { partialError } from './partial-error.ts';

/** Called behind the lock of a run, before its first write; takes the backup. */
export type BeforeWriting = (state: { readonly release: string; readonly revision: string }) => Promise<void>;

export interface InRunOptions {
  readonly progress: Progress;
  readonly lockTimeoutMs: number;
  /** What runs, as a sentence starts: `The migration`. */
  readonly what: string;
  /** The command that goes on after an interruption. */
  readonly command: string;
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
 * @throws GatewayError PARTIAL for an error after the first write where that cannot be taken back
 */
export async function inRun<T>(
  db: Connection,
  { progress, lockTimeoutMs, what, command }: InRunOptions,
  body: (run: Run) => Promise<T>,
): Promise<T> {
  let waited = false;
  let written = false;
  const lock: RunLock = {
    timeoutMs: lockTimeoutMs,
    onWait(holder) {
      waited = true;
      progress.log(`Waiting for ${holder} …`);
    },
  };
  await db.dialect.beginRun(db, lock);
  try {
    const result = await body({
      lock,
      waited,
      onWrite() {
        written = true;
      },
    });
    await db.dialect.endRun(db, true);
    return result;
  } catch (error) {
    await db.dialect.endRun(db, false).catch(() => {
      // The connection is gone, and with it the transaction and its locks.
    });
    if (!written || db.dialect.transactionalDdl) throw error;
    throw partialError(db, error, what, command);
  }
}
