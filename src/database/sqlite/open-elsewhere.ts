import { readFileSync } from 'node:fs';
import { fileUsers } from './file-users.ts';

/**
 * Other processes that have a file open, for people: `uvicorn (process 123)`. SQLite itself cannot tell: a
 * connection that is idle holds no lock. Linux only, and only processes this user may look at.
 */
export function openElsewhere(path: string, ownPid: number): readonly string[] {
  return fileUsers([path], ownPid).open.map((pid) => `${nameOf(pid)} (process ${pid})`);
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a program';
  }
}
