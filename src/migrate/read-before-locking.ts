import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import type { Progress } from '../progress.ts';

/** Long enough for any statement of the gateway; whoever holds a table longer is a run like this one. */
const TABLE_WAIT_MS = 1_000;

/**
 * Reads the database at one moment, before a run takes its locks. Where another run is at work, tables cannot
 * even be read: then this waits for the lock of runs, which names the holder, and reads again.
 *
 * @throws GatewayError LOCKED when that run is not done in time; BUSY when something else keeps a table locked
 */
export async function readBeforeLocking<T>(
  db: Connection,
  { progress, lockTimeoutMs }: { readonly progress: Progress; readonly lockTimeoutMs: number },
  read: () => Promise<T>,
): Promise<T> {
  const { dialect } = db;
  const deadline = performance.now() + lockTimeoutMs;
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
      if (known?.code !== 'BUSY' || performance.now() >= deadline) throw error;
    }
    await dialect.beginRun(db, {
      timeoutMs: Math.max(0, Math.round(deadline - performance.now())),
      onWait: (holder) => progress.log(`Waiting for ${holder} …`),
    });
    await dialect.endRun(db, false);
  }
}
