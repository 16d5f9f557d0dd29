import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import { describeProcess } from '../../../database/sqlite/describe-process.ts';
import { fileLocks } from '../../../database/sqlite/file-locks.ts';
import { fileUsers } from '../../../database/sqlite/file-users.ts';
import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { TargetContext } from '../../context.ts';
import { realFile } from './real-file.ts';

/** A process that has a database open. */
export interface FileHolder {
  readonly pid: number;
  /** Program, number and start; no arguments, which may hold secrets. */
  readonly text: string;
  /** Null where it cannot be known. */
  readonly uid: number | null;
}

export interface FileHolders {
  readonly open: readonly FileHolder[];
  /** They still use a file that was removed or replaced. */
  readonly replaced: readonly FileHolder[];
  /** This user may not see which files they have open. */
  readonly hidden: readonly FileHolder[];
}

const BESIDE = ['', '-wal', '-shm', '-journal'] as const;

/** Looking at every process takes a while, and several examinations of one run want to know. */
const asked = new WeakMap<TargetContext<SqliteTarget>, Promise<FileHolders>>();

/** The other processes that have the database or one of the files beside it open, or hold a lock on it. */
export function holdersOf(context: TargetContext<SqliteTarget>): Promise<FileHolders> {
  const holders = asked.get(context) ?? findHolders(realFile(context.target));
  asked.set(context, holders);
  return holders;
}

async function findHolders(path: string): Promise<FileHolders> {
  const files = BESIDE.map((suffix) => path + suffix);
  if (process.platform !== 'linux') return { open: await askLsof(files), replaced: [], hidden: [] };
  const { open, replaced, hidden } = fileUsers(files, process.pid);
  // A lock shows also those processes that may not be looked at.
  const locking = [path, `${path}-shm`].flatMap((file) => fileLocks(file)).map(({ pid }) => pid);
  return {
    open: [...new Set([...open, ...locking])].map(holder),
    replaced: replaced.map(holder),
    hidden: hidden.map((pid) => ({ pid, text: '', uid: uidOf(pid) })),
  };
}

const holder = (pid: number): FileHolder => ({ pid, text: describeProcess(pid).text, uid: uidOf(pid) });

function uidOf(pid: number): number | null {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? null;
}

async function askLsof(files: readonly string[]): Promise<readonly FileHolder[]> {
  try {
    // It ends with 1 when one of the files is not there; then what it found comes with the error.
    const { stdout } = await promisify(execFile)('lsof', ['-w', '-F', 'pcu', '--', ...files], {
      timeout: 5_000,
    }).catch((error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }));
    return parseLsof(stdout).filter(({ pid }) => pid !== process.pid);
  } catch {
    return [];
  }
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
