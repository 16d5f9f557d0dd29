import { closeSync, copyFileSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import type { UntouchedCopy } from '../../../backup/back-up-untouched.ts';
import { isSqliteError, openFile } from '../../../database/sqlite/driver.ts';
import { type WalLog, withWalLog } from '../../../database/sqlite/wal-log.ts';
import { GatewayError } from '../../../errors.ts';
import { type FileHeader, mendHeader, readHeader } from './header.ts';

export interface WorkingCopy {
  readonly header: FileHeader;
  /** What came of its -wal and -journal, a line each. */
  readonly notes: readonly string[];
}

/**
 * Makes a copy that is one file: a transaction that was cut short is taken back by SQLite itself, what was
 * committed into the -wal is in it, and its header is one that SQLite opens.
 *
 * @param work where it is made
 * @throws GatewayError NOT_A_DATABASE when no page of it is one of a database
 */
export function makeWorkingCopy({ file, wal, journal }: UntouchedCopy, work: string): WorkingCopy {
  const notes: string[] = [];
  copyFileSync(file, work);
  if (journal !== null && statSync(journal).size > 0) {
    copyFileSync(journal, `${work}-journal`);
    notes.push(takeBack(work));
  }
  if (wal !== null && statSync(wal).size > 0) {
    const applied = applyWal(wal, work);
    notes.push(
      applied === null
        ? 'its -wal file holds no transaction that was committed'
        : `${applied.frames} committed pages of its -wal file are in what was salvaged${
            applied.left === 0 ? '' : `; ${applied.left} behind them were not committed, or are damaged`
          }`,
    );
  }
  const header = readHeader(work);
  if (header === null) {
    throw new GatewayError('NOT_A_DATABASE', `There is no page of a SQLite database in ${file}.`, {
      hint: 'Nothing can be salvaged from it: restore a backup (mcpgw backup --list). The file was not changed.',
    });
  }
  mendHeader(work, header);
  return { header, notes };
}

/** SQLite rolls a journal back when it first reads, whatever it then thinks of the file. */
function takeBack(work: string): string {
  const db = openFile(work);
  try {
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch (error) {
    if (!isSqliteError(error)) throw error;
  } finally {
    db.close();
  }
  return statSync(`${work}-journal`, { throwIfNoEntry: false }) === undefined
    ? 'a transaction that was cut short was taken back (-journal)'
    : 'its -journal file was no use';
}

interface AppliedWal {
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
