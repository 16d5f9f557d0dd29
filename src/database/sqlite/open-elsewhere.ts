import { readFileSync } from 'node:fs';
import { describeProcess, type Holder } from './describe-process.ts';
import { fileUsers } from './file-users.ts';

/**
 * Other processes that have a file open, for people: `uvicorn (process 123)`. SQLite itself cannot tell: a
 * connection that is idle holds no lock. Linux only, and only processes this user may look at. Runs of this program
 * that only read are left out: what they read of a file that is replaced is true of it, and they write nothing.
 */
export function openElsewhere(path: string, ownPid: number): readonly Holder[] {
  const { open, writing } = fileUsers([path], ownPid);
  return open
    .map((pid) => ({
      pid,
      ...describeProcess(pid),
      text: `${nameOf(pid)} (process ${pid})`,
    }))
    .filter(({ pid, isMcpgw }) => !isMcpgw || writing.includes(pid));
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a program';
  }
}
