import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { found } from '../../checks/check.ts';
import {
  covers,
  describeProcess,
  type FileLock,
  fileLocks,
  fileUsers,
  LOCK_BYTES,
} from '../../database/sqlite/processes.ts';
import { advise, mcpgw, type Text } from '../../report/advice.ts';
import { readHeader } from '../../salvage/index.ts';
import { askingUser, sudoUser, userLabel } from '../users.ts';
import { type FileCheck, type FileContext, fileCheck, realFile } from './file-check.ts';

/** A process that has a database open. */
interface FileHolder {
  readonly pid: number;
  /** Program, number and start; no arguments, which may hold secrets. */
  readonly text: string;
  /** Null where it cannot be known. */
  readonly uid: number | null;
}

interface FileHolders {
  readonly open: readonly FileHolder[];
  /** They still use a file that was removed or replaced. */
  readonly replaced: readonly FileHolder[];
  /** This user may not see which files they have open. */
  readonly hidden: readonly FileHolder[];
}

/** Looking at every process takes a while, and several checks of one run want to know. */
const asked = new WeakMap<FileContext, Promise<FileHolders>>();

/** The other processes that have the database or one of the files beside it open, or hold a lock on it. */
export function holdersOf(context: FileContext): Promise<FileHolders> {
  const holders = asked.get(context) ?? findHolders(realFile(context.target));
  asked.set(context, holders);
  return holders;
}

async function findHolders(path: string): Promise<FileHolders> {
  const files = ['', '-wal', '-shm', '-journal'].map((suffix) => path + suffix);
  if (process.platform !== 'linux') return { open: await askLsof(files), replaced: [], hidden: [] };
  const { open, replaced, hidden } = fileUsers(files);
  // A lock shows also those processes that may not be looked at.
  const locking = pidsOf([path, `${path}-shm`].flatMap((file) => fileLocks(file)));
  const holder = (pid: number): FileHolder => ({
    pid,
    text: describeProcess(pid).text,
    uid: uidOf(pid),
  });
  return {
    open: [...new Set([...open, ...locking])].map(holder),
    replaced: replaced.map(holder),
    hidden: hidden.map((pid) => ({ pid, text: '', uid: uidOf(pid) })),
  };
}

function uidOf(pid: number): number | null {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? null;
}

async function askLsof(files: readonly string[]): Promise<readonly FileHolder[]> {
  const args = ['-w', '-F', 'pcu', '--', ...files];
  // It ends with 1 when one of the files is not there; then what it found comes with the error.
  const { stdout = '' } = await promisify(execFile)('lsof', args, { timeout: 5_000 }).catch(
    (error: { stdout?: string }) => error,
  );
  return parseLsof(stdout).filter(({ pid }) => pid !== process.pid);
}

/** @param text of `lsof -F pcu`: a line per field, `p` for the process, `c` for its program, `u` for its user */
export function parseLsof(text: string): readonly FileHolder[] {
  return text
    .split(/^p/m)
    .slice(1)
    .map((process) => {
      const [pid = '', ...fields] = process.split('\n');
      const field = (letter: string) => fields.find((line) => line.startsWith(letter))?.slice(1);
      const user = field('u');
      return {
        pid: Number(pid),
        text: `${field('c') ?? 'a process'} pid ${pid} on this host`,
        uid: user === undefined ? null : Number(user),
      };
    });
}

const CANNOT_KILL =
  'Stop that program in its own way, or wait for it. Do not kill it in the middle of a write, and never delete a -wal or -journal file.';

const isWrite = ({ mode }: FileLock) => mode === 'WRITE';

/** PENDING, too, lets no new reader in. */
const isExclusive = (lock: FileLock) =>
  isWrite(lock) && (covers(lock, LOCK_BYTES.pending) || covers(lock, LOCK_BYTES.shared));

interface LockCheck extends Pick<FileCheck, 'id' | 'title' | 'level' | 'hint' | 'decisive'> {
  /** What is said of who has such a lock. */
  readonly told: string;
  locks(path: string): readonly FileLock[];
}

const LOCKS: readonly LockCheck[] = [
  {
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
  },
  {
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
      const writers = pidsOf(locks.filter(isWrite));
      return locks.filter((lock) => !writers.includes(lock.pid) && covers(lock, LOCK_BYTES.shared));
    },
  },
  {
    id: 'file.exclusive',
    title: 'Nobody keeps everybody out of the file',
    level: 'error',
    hint: `Even reading ends with "database is locked" while this lock is held. ${CANNOT_KILL}`,
    decisive: true,
    told: 'has an exclusive lock on the file',
    locks: (path) => fileLocks(path).filter(isExclusive),
  },
];

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

const pidsOf = (locks: readonly FileLock[]) => [...new Set(locks.map(({ pid }) => pid))];

export const holderChecks: readonly FileCheck[] = [
  fileCheck({
    id: 'file.holders',
    title: 'Nobody has the file open',
    level: 'info',
    hint: 'The gateway may run while the database is only looked at. Stop it before a migration: it would wait for a lock, and a gateway of v0.6.0 does not know the new schema.',
    async find(path, context) {
      const { open, hidden } = await holdersOf(context);
      const owner = statSync(path).uid;
      const unseen = hidden.filter(({ uid }) => uid === owner && owner !== askingUser().uid).length;
      const sample: Text[] = open.map(({ text }) => text);
      if (unseen > 0) {
        sample.push(
          advise`${unseen} processes of the file’s owner ${userLabel(owner)} cannot be looked at; to see them: ${mcpgw('doctor').with({ user: sudoUser(owner) })}`,
        );
      }
      return { count: open.length, sample };
    },
  }),
  fileCheck({
    id: 'file.replaced',
    title: 'Nobody still uses a file that was replaced',
    level: 'warning',
    hint: 'What such a process writes goes to the old file, which nobody else sees, and is gone when the process ends. Restart it.',
    async find(path, context) {
      const { replaced } = await holdersOf(context);
      return found(replaced.map(({ text }) => `${text}, still has the removed ${path} open`));
    },
  }),
  ...LOCKS.map(({ told, locks, ...described }) =>
    fileCheck({
      ...described,
      async find(path) {
        const pids = await lastingLocks(() => locks(path));
        return found(pids.map((pid) => `${describeProcess(pid).text}, ${told}`));
      },
    }),
  ),
];
