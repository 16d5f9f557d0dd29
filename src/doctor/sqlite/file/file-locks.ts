import { describeProcess } from '../../../database/sqlite/describe-process.ts';
import { covers, type FileLock, fileLocks, LOCK_BYTES } from '../../../database/sqlite/file-locks.ts';
import type { FileExamination } from './file-examination.ts';
import { readHeader } from './header.ts';
import { lastingLocks } from './lasting-locks.ts';
import { realFile } from './real-file.ts';

const CANNOT_KILL =
  'Stop that program in its own way, or wait for it. Do not kill it in the middle of a write, and never delete a -wal or -journal file.';

export const fileExclusive: FileExamination = {
  id: 'file.exclusive',
  title: 'Nobody keeps everybody out of the file',
  level: 'error',
  meaning: `Even reading ends with "database is locked" while this lock is held. ${CANNOT_KILL}`,
  command: '',
  decisive: true,
  find: ({ target }) => {
    const path = realFile(target);
    return findings('has an exclusive lock on the file', () => fileLocks(path).filter(isExclusive));
  },
};

export const fileWriteLock: FileExamination = {
  id: 'file.write-lock',
  title: 'Nobody is in the middle of a write',
  level: 'error',
  meaning: `Nobody else can write while this lock is held: a migration waits for it (--lock-timeout) and then ends with nothing changed. ${CANNOT_KILL}`,
  command: '',
  find: ({ target }) => {
    const path = realFile(target);
    return findings('holds the write lock', () => [
      ...fileLocks(path).filter(
        (lock) => isWrite(lock) && covers(lock, LOCK_BYTES.reserved) && !isExclusive(lock),
      ),
      ...fileLocks(`${path}-shm`).filter((lock) => isWrite(lock) && covers(lock, LOCK_BYTES.walWrite)),
    ]);
  },
};

export const fileReaders: FileExamination = {
  id: 'file.readers',
  title: 'Nobody reads in a long transaction',
  level: 'warning',
  meaning:
    'Without WAL a transaction that reads keeps everybody from committing: the migration would wait for it at its very end. Stop that program, or let it finish.',
  command: '',
  find: async ({ target }) => {
    const path = realFile(target);
    // In WAL mode every open connection has this lock, and it is in nobody's way.
    if (readHeader(path)?.journal === 'wal') return { count: 0, sample: [] };
    return findings('has been reading for half a second or longer', () => {
      const locks = fileLocks(path);
      // Who writes has both locks, and is told for the other one.
      const writers = new Set(locks.filter(isWrite).map(({ pid }) => pid));
      return locks.filter((lock) => !writers.has(lock.pid) && covers(lock, LOCK_BYTES.shared));
    });
  },
};

const isWrite = ({ mode }: FileLock) => mode === 'WRITE';

/** PENDING, too, lets no new reader in. */
const isExclusive = (lock: FileLock) =>
  isWrite(lock) && (covers(lock, LOCK_BYTES.pending) || covers(lock, LOCK_BYTES.shared));

async function findings(what: string, look: () => readonly FileLock[]) {
  const pids = await lastingLocks(look);
  return { count: pids.length, sample: pids.map((pid) => `${describeProcess(pid).text}, ${what}`) };
}
