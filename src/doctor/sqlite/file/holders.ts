import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import { found } from '../../../checks/check.ts';
import { describeProcess } from '../../../database/sqlite/describe-process.ts';
import { fileLocks } from '../../../database/sqlite/file-locks.ts';
import { fileUsers } from '../../../database/sqlite/file-users.ts';
import { askingUser, sudoUser, userLabel } from '../../users.ts';
import { type FileContext, fileCheck, realFile } from './file-check.ts';

export const fileHolders = fileCheck({
  id: 'file.holders',
  title: 'Nobody has the file open',
  level: 'info',
  hint: 'The gateway may run while the database is only looked at. Stop it before a migration: it would wait for a lock, and a gateway of v0.6.0 does not know the new schema.',
  async find(path, context) {
    const { open, hidden } = await holdersOf(context);
    const owner = statSync(path).uid;
    const unseen = hidden.filter(({ uid }) => uid === owner && owner !== askingUser().uid).length;
    const sample = open.map(({ text }) => text);
    if (unseen > 0) {
      sample.push(
        `${unseen} processes of the file’s owner ${userLabel(owner)} cannot be looked at; to see them: sudo -u ${sudoUser(owner)} mcpgw doctor`,
      );
    }
    return { count: open.length, sample };
  },
});

export const fileReplaced = fileCheck({
  id: 'file.replaced',
  title: 'Nobody still uses a file that was replaced',
  level: 'warning',
  hint: 'What such a process writes goes to the old file, which nobody else sees, and is gone when the process ends. Restart it.',
  async find(path, context) {
    const { replaced } = await holdersOf(context);
    return found(replaced.map(({ text }) => `${text}, still has the removed ${path} open`));
  },
});

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
