import { setTimeout as sleep } from 'node:timers/promises';
import { found } from '../../../checks/check.ts';
import { describeProcess } from '../../../database/sqlite/describe-process.ts';
import { covers, type FileLock, fileLocks, LOCK_BYTES } from '../../../database/sqlite/file-locks.ts';
import { readHeader } from '../../../salvage/index.ts';
import { type FileCheck, fileCheck } from './file-check.ts';

const CANNOT_KILL =
  'Stop that program in its own way, or wait for it. Do not kill it in the middle of a write, and never delete a -wal or -journal file.';

interface LockCheck extends Pick<FileCheck, 'id' | 'title' | 'level' | 'hint' | 'decisive'> {
  /** What is said of who has such a lock. */
  readonly told: string;
  locks(path: string): readonly FileLock[];
}

function lockCheck({ told, locks, ...described }: LockCheck): FileCheck {
  return fileCheck({
    ...described,
    async find(path) {
      const pids = await lastingLocks(() => locks(path));
      return found(pids.map((pid) => `${describeProcess(pid).text}, ${told}`));
    },
  });
}

export const fileWriteLock = lockCheck({
  id: 'file.write-lock',
  title: 'Nobody is in the middle of a write',
  level: 'error',
  hint: `Nobody else can write while this lock is held: a migration waits for it (--lock-timeout) and then ends with nothing changed. ${CANNOT_KILL}`,
  told: 'holds the write lock',
  locks: (path) => [
    ...fileLocks(path).filter(
      (lock) => isWrite(lock) && covers(lock, LOCK_BYTES.reserved) && !isExclusive(lock),
    ),
    ...fileLocks(`${path}-shm`).filter((lock) => isWrite(lock) && covers(lock, LOCK_BYTES.walWrite)),
  ],
});

export const fileReaders = lockCheck({
  id: 'file.readers',
  title: 'Nobody reads in a long transaction',
  level: 'warning',
  hint: 'Without WAL a transaction that reads keeps everybody from committing: the migration would wait for it at its very end. Stop that program, or let it finish.',
  told: 'has been reading for half a second or longer',
  locks(path) {
    // In WAL mode every open connection has this lock, and it is in nobody's way.
    if (readHeader(path)?.journal === 'wal') return [];
    const locks = fileLocks(path);
    // Who writes has both locks, and is told for the other one.
    const writers = new Set(locks.filter(isWrite).map(({ pid }) => pid));
    return locks.filter((lock) => !writers.has(lock.pid) && covers(lock, LOCK_BYTES.shared));
  },
});

export const fileExclusive = lockCheck({
  id: 'file.exclusive',
  title: 'Nobody keeps everybody out of the file',
  level: 'error',
  hint: `Even reading ends with "database is locked" while this lock is held. ${CANNOT_KILL}`,
  decisive: true,
  told: 'has an exclusive lock on the file',
  locks: (path) => fileLocks(path).filter(isExclusive),
});

const isWrite = ({ mode }: FileLock) => mode === 'WRITE';

/** PENDING, too, lets no new reader in. */
const isExclusive = (lock: FileLock) =>
  isWrite(lock) && (covers(lock, LOCK_BYTES.pending) || covers(lock, LOCK_BYTES.shared));

/** A gateway that works holds its locks for some milliseconds. */
const LASTS_MS = 500;
const EVERY_MS = 25;

/** Processes that have a lock each time one looks for half a second; at once when nobody has one at first. */
export async function lastingLocks(look: () => readonly FileLock[]): Promise<readonly number[]> {
  const until = performance.now() + LASTS_MS;
  for (let held = pidsOf(look()); ; ) {
    if (held.length === 0 || performance.now() > until) return held;
    await sleep(EVERY_MS);
    const now = pidsOf(look());
    held = held.filter((pid) => now.includes(pid));
  }
}

function pidsOf(locks: readonly FileLock[]): readonly number[] {
  return [...new Set(locks.map(({ pid }) => pid))];
}
