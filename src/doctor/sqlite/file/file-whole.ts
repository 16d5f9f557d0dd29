import { statSync } from 'node:fs';
import { readWal } from '../../../database/sqlite/wal.ts';
import { byteSize } from '../../../report/byte-size.ts';
import { damageFindings } from '../damage-findings.ts';
import type { FileExamination } from './file-examination.ts';
import { type Header, readHeader } from './header.ts';
import { readJournal } from './journal.ts';
import { realFile } from './real-file.ts';

const MEANING =
  'The end of the database is missing, as after a copy that was broken off or a full disk. Do not write to it.';

export const fileWhole: FileExamination = {
  id: 'file.whole',
  title: 'The file has all the pages its header counts',
  level: 'error',
  meaning: `${MEANING} Restore a backup, or salvage what is left.`,
  command: 'mcpgw backup --list',
  decisive: true,
  async find(context) {
    const { target } = context;
    const path = realFile(target);
    const header = readHeader(path);
    // Until a transaction that was broken off is completed or taken back, the file may be of any size.
    const isSettled =
      (readWal(`${path}-wal`)?.committed ?? 0) === 0 && readJournal(`${path}-journal`) === null;
    const problem = header === null || !isSettled ? null : cutOff(header, statSync(path).size);
    if (problem === null) return { count: 0, sample: [] };
    return damageFindings(context, [`${path}: ${problem}`], MEANING);
  },
  async repair(context) {
    return (await import('../salvage/salvage-mend.ts')).salvageMend(context);
  },
};

/** What is missing at the end of a file, or null. @param size in bytes */
export function cutOff({ pages, pageSize }: Pick<Header, 'pages' | 'pageSize'>, size: number): string | null {
  if (pages !== null && size < pages * pageSize) {
    const missing = pages - Math.floor(size / pageSize);
    return `${byteSize(size)} of ${byteSize(pages * pageSize)} are there, ${missing} of ${pages} pages are missing`;
  }
  if (size % pageSize === 0) return null;
  return `${size} bytes are no whole number of pages of ${pageSize}: the last page is cut off`;
}
