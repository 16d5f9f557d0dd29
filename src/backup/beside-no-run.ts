import type { Connection } from '../database/connection.ts';
import type { RunLock } from '../database/dialect.ts';
import { GatewayError } from '../errors.ts';

/**
 * Keeps runs away while a backup reads, where they are no transactions: beside one it would be of half a database.
 * A user who may not write waits until nobody is at work, and that is all it can do.
 *
 * @throws GatewayError LOCKED, which names the run that did not end in time
 */
export async function besideNoRun<T>(db: Connection, lock: RunLock, use: () => Promise<T>): Promise<T> {
  const { dialect } = db;
  if (dialect.transactionalDdl) return use();
  await dialect.beginRun(db, lock).catch((error: unknown) => {
    const known = error instanceof GatewayError ? error : dialect.translateError(error);
    if (known?.code !== 'PERMISSION' && known?.code !== 'READ_ONLY') throw error;
    return dialect.beginRun(db, { ...lock, peek: true });
  });
  try {
    return await use();
  } finally {
    await dialect.endRun(db, false).catch(() => {
      // The connection is gone, and its lock with it.
    });
  }
}
