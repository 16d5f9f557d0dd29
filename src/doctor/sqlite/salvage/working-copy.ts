import { copyFileSync, statSync } from 'node:fs';
import type { UntouchedCopy } from '../../../backup/back-up-untouched.ts';
import { isSqliteError, openFile } from '../../../database/sqlite/driver.ts';
import { GatewayError } from '../../../errors.ts';
import { applyWal } from './apply-wal.ts';
import { type FileHeader, mendHeader, readHeader } from './read-header.ts';

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
