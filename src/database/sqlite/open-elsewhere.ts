import { readdirSync, readFileSync, statSync } from 'node:fs';

/**
 * Other processes that have a file open, for people: `uvicorn (process 123)`. SQLite itself cannot tell: a
 * connection that is idle holds no lock. Linux only, and only processes this user may look at.
 */
export function openElsewhere(path: string, ownPid: number): readonly string[] {
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) return [];
  return list('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== ownPid)
    .filter((pid) =>
      list(`/proc/${pid}/fd`).some((fd) => {
        try {
          const opened = statSync(`/proc/${pid}/fd/${fd}`);
          return opened.ino === file.ino && opened.dev === file.dev;
        } catch {
          return false;
        }
      }),
    )
    .map((pid) => `${nameOf(pid)} (process ${pid})`);
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'a program';
  }
}
