import { copyFileSync, statSync } from 'node:fs';
import { type Layout, readLayout, repairHeader } from './layout.ts';
import { type OpenFile, refusalOf } from './sqlite.ts';
import { applyWal } from './wal.ts';

/** A damaged database with what is beside it. */
export interface DamagedFile {
  readonly file: string;
  /** Null when there is none. */
  readonly wal: string | null;
  readonly journal: string | null;
}

interface WorkingCopy {
  readonly layout: Layout;
  /** What came of its -wal and -journal, a line each. */
  readonly notes: readonly string[];
}

/**
 * Makes a copy that is one file: a transaction that was cut short is taken back by SQLite itself, what was
 * committed into the -wal is in it, and its header is one that SQLite opens.
 *
 * @param work where it is made
 * @returns null when no page of it is one of a database
 */
export function makeWorkingCopy(
  { file, wal, journal }: DamagedFile,
  work: string,
  open: OpenFile,
): WorkingCopy | null {
  const notes: string[] = [];
  copyFileSync(file, work);
  if (journal !== null && sizeOf(journal) > 0) {
    copyFileSync(journal, `${work}-journal`);
    takeBack(work, open);
    notes.push(
      statSync(`${work}-journal`, { throwIfNoEntry: false }) === undefined
        ? 'a transaction that was cut short was taken back (-journal)'
        : 'its -journal file was no use',
    );
  }
  if (wal !== null && sizeOf(wal) > 0) {
    const applied = applyWal(wal, work);
    notes.push(
      applied === null
        ? 'its -wal file holds no transaction that was committed'
        : `${applied.frames} committed pages of its -wal file are in what was salvaged${
            applied.left === 0 ? '' : `; ${applied.left} behind them were not committed, or are damaged`
          }`,
    );
  }
  const layout = readLayout(work);
  if (layout === null) return null;
  repairHeader(work, layout);
  return { layout, notes };
}

/** SQLite rolls a journal back when it first reads, whatever it then thinks of the file. */
function takeBack(work: string, open: OpenFile): void {
  const db = open(work);
  refusalOf(() => db.prepare('SELECT count(*) FROM sqlite_schema').get());
  db.close();
}

const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Whether a page of a database, or a -wal, is there to be salvaged from. @throws the file system's error */
export function isSalvageable(file: string): boolean {
  return readLayout(file) !== null || sizeOf(`${file}-wal`) > 0;
}
