import { GatewayError } from '../../errors.ts';
import { runLocked } from '../blocker.ts';
import type { Connection } from '../connection.ts';
import type { RunLock } from '../dialect.ts';
import { poll } from '../poll.ts';
import { statement } from '../statement.ts';
import { translateSqliteError } from './errors.ts';
import type { SqliteFile } from './file.ts';
import { type Holder, writeLockHolder } from './processes.ts';

/** How often to ask again for the write lock. */
const POLL_MS = 100;
const UNKNOWN = 'another process that writes to it';

/**
 * Takes the one write lock there is: BEGIN IMMEDIATE, again and again until it is free or the time is up. In
 * between the file is not open: a restore that has the lock waits for nobody who waits for it.
 *
 * @throws GatewayError LOCKED when another run holds it, BUSY when it is another program or unknown who
 */
export async function beginSqliteRun(
  db: Connection,
  lock: RunLock,
  { file, path }: { readonly file: SqliteFile; readonly path: string },
): Promise<void> {
  let holder: Holder | null = null;
  let cause: unknown;
  const options = {
    ...lock,
    everyMs: POLL_MS,
    onWait: async () => lock.onWait(holder?.text ?? UNKNOWN),
  };
  const locked = await poll(options, async () => {
    try {
      for (;;) {
        await db.run(statement('PRAGMA busy_timeout = 0'));
        file.configure();
        await db.run(statement('BEGIN IMMEDIATE'));
        if (!file.isReplaced()) return true;
        await db.run(statement('ROLLBACK'));
        file.close();
      }
    } catch (error) {
      // What a file says that was replaced in this moment means nothing for the one that took its place.
      if (translateSqliteError(error)?.code !== 'BUSY' && !file.isReplaced()) throw error;
      cause = error;
      // Between two looks it may be nobody's; then the one seen last is named.
      holder = writeLockHolder(path) ?? holder;
      file.close();
      return undefined;
    }
  });
  // Without a WAL the commit waits for those who are reading, for as long as this may wait.
  await db.run(statement(`PRAGMA busy_timeout = ${Math.max(COMMIT_WAIT_MS, lock.timeoutMs)}`));
  if (locked === undefined) throw lockedBy(holder, lock.timeoutMs, cause);
}

const COMMIT_WAIT_MS = 5_000;

function lockedBy(holder: Holder | null, waitedMs: number, cause: unknown): GatewayError {
  if (holder?.isMcpgw) return runLocked(holder, waitedMs);
  return new GatewayError(
    'BUSY',
    `The database is locked by ${holder?.text ?? UNKNOWN}. It still was after ${waitedMs / 1000} s.`,
    {
      hint: 'Stop the gateway or wait for the other run, then run the command again (or give it longer: --lock-timeout 300). Nothing was changed.',
      cause,
    },
  );
}
