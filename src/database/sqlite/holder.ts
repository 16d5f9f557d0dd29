import { describeProcess, type Holder } from './describe-process.ts';
import { covers, fileLocks, LOCK_BYTES } from './file-locks.ts';

/**
 * The process that holds the write lock of an SQLite file (in WAL mode it is a byte of the `-shm` file); null where
 * that cannot be known, or when the lock is free by now.
 */
export function writeLockHolder(path: string): Holder | null {
  const lock =
    fileLocks(path).find(
      (held) =>
        held.mode === 'WRITE' && (covers(held, LOCK_BYTES.pending) || covers(held, LOCK_BYTES.reserved)),
    ) ?? fileLocks(`${path}-shm`).find((held) => held.mode === 'WRITE' && covers(held, LOCK_BYTES.walWrite));
  return lock === undefined ? null : describeProcess(lock.pid);
}
