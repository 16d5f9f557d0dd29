import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { type WalLog, withWalLog } from '../../../database/sqlite/wal-log.ts';

export interface AppliedWal {
  /** Pages that were written into the database. */
  readonly frames: number;
  /** Whole frames behind the last that counts: of a transaction that was not committed, or damaged. */
  readonly left: number;
  readonly pageSize: number;
}

/**
 * Writes what was committed into a -wal file into the database file, as SQLite does when it recovers one
 * (https://www.sqlite.org/walformat.html): every frame up to the last commit before the first whose checksum is
 * wrong. It works where the database's own header is damaged, too.
 *
 * @returns null when there is nothing that counts
 */
export function applyWal(wal: string, database: string): AppliedWal | null {
  return withWalLog(wal, (log) => {
    const committed = lastCommit(log);
    if (committed === null) return null;
    const { pageSize, wholeFrames } = log;
    const into = openSync(database, 'r+');
    try {
      for (const { number, page, content } of log.frames()) {
        if (number > committed.frames) break;
        writeSync(into, content, 0, pageSize, (page - 1) * pageSize);
      }
      ftruncateSync(into, committed.pages * pageSize);
    } finally {
      closeSync(into);
    }
    return { frames: committed.frames, left: wholeFrames - committed.frames, pageSize };
  });
}

/** The last frame that ends a transaction, and the pages of the database after it. */
function lastCommit(log: WalLog): { frames: number; pages: number } | null {
  let last: { frames: number; pages: number } | null = null;
  for (const { number, commit } of log.frames()) {
    if (commit !== 0) last = { frames: number, pages: commit };
  }
  return last;
}
