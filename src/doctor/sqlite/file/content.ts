import { statSync } from 'node:fs';
import { fine } from '../../../checks/check.ts';
import { byteSize } from '../../../report/byte-size.ts';
import {
  firstBytes,
  type Header,
  hasFractions,
  MAGIC,
  parseHeader,
  readHeader,
  readJournal,
  readWal,
} from '../../../salvage/index.ts';
import { damageCheck, damageFindings } from '../damage.ts';
import { salvageRepair } from '../salvage-repair.ts';
import { type FileContext, fileCheck, realFile } from './file-check.ts';

/** Enough to tell random bytes from others, and the whole of the first page as a rule. */
const LOOKED_AT = 4_096;

export const fileSqlite = fileCheck({
  id: 'file.sqlite',
  title: 'The file is a SQLite database',
  level: 'error',
  hint: 'SQLite will not open the file ("file is not a database"), so there is nothing to migrate in it.',
  command: 'mcpgw backup --list',
  decisive: true,
  async find(path, context) {
    const { size } = statSync(path);
    const content = judgeContent(firstBytes(path, LOOKED_AT));
    if ('problem' in content) {
      const sample = [`${path}: ${content.problem} (${byteSize(size)})`];
      return { hint: content.hint, ...(await damageFindings(context, sample, content.hint)) };
    }
    const { pageSize, journal, writtenBy } = content;
    const mode = journal === 'wal' ? 'WAL' : 'rollback journal';
    const pages = Math.floor(size / pageSize);
    return fine(
      `${byteSize(size)}, ${pages} pages of ${pageSize} bytes, ${mode}, last written by SQLite ${writtenBy}`,
    );
  },
  repair: (_, context) => salvageRepair(context),
});

export const fileWhole = damageCheck<FileContext>({
  id: 'file.whole',
  title: 'The file has all the pages its header counts',
  hint: 'The end of the database is missing, as after a copy that was broken off or a full disk. Do not write to it.',
  advice: 'Restore a backup, or salvage what is left.',
  async damage({ target }) {
    const path = realFile(target);
    const header = readHeader(path);
    // Until a transaction that was broken off is completed or taken back, the file may be of any size.
    const isSettled =
      (readWal(`${path}-wal`)?.committed ?? 0) === 0 && readJournal(`${path}-journal`) === null;
    const problem = header === null || !isSettled ? null : cutOff(header, statSync(path).size);
    return problem === null ? [] : [`${path}: ${problem}`];
  },
});

/** What is missing at the end of a file, or null. @param size in bytes */
function cutOff({ pages, pageSize }: Header, size: number): string | null {
  if (pages !== null && size < pages * pageSize) {
    const missing = pages - Math.floor(size / pageSize);
    return `${byteSize(size)} of ${byteSize(pages * pageSize)} are there, ${missing} of ${pages} pages are missing`;
  }
  if (size % pageSize === 0) return null;
  return `${size} bytes are no whole number of pages of ${pageSize}: the last page is cut off`;
}

interface ContentProblem {
  /** What it is instead of a database. */
  readonly problem: string;
  readonly hint: string;
}

const RESTORE = 'Restore a backup (mcpgw backup --list shows them; then mcpgw restore).';
const WRONG_FILE = `Check the path in DATABASE_URL. If it is the right one, ${RESTORE[0]?.toLowerCase()}${RESTORE.slice(1)}`;

/** Other files that are taken for databases, by how they begin; none of what is in them is ever shown. */
const OTHERS: readonly (readonly [begins: string, what: string, hint: string])[] = [
  ['\x1f\x8b', 'it is compressed (gzip)', 'Unpack it first: gunzip.'],
  ['PK\x03\x04', 'it is a zip archive', 'Unpack it first: unzip.'],
  ['PGDMP', 'it is a dump of PostgreSQL', 'Restore it into PostgreSQL with pg_restore.'],
  [
    'version https://git-lfs',
    'it is a pointer of Git LFS, not the file itself',
    'Fetch the file: git lfs pull.',
  ],
  [
    '** This file contains an SQLite 2',
    'it is a database of SQLite 2',
    'Convert it with the sqlite 2 shell.',
  ],
];

/** Looks at the first page of a file. @returns its header when SQLite would open it */
export function judgeContent(bytes: Buffer): Header | ContentProblem {
  if (bytes.length === 0) {
    return {
      problem: 'it is empty: there is no database in it',
      hint: `${WRONG_FILE} For a new v0.7.0 database, move the empty file away, then run mcpgw migrate.`,
    };
  }
  const header = parseHeader(bytes);
  if (typeof header !== 'string') return header;
  const begin = bytes.toString('latin1', 0, 64);
  const other = OTHERS.find(([begins]) => begin.startsWith(begins));
  if (other !== undefined) return { problem: other[1], hint: other[2] };
  if (begin.startsWith(MAGIC)) return { problem: header, hint: RESTORE };
  if (bytes.every((byte) => byte === 0)) {
    return {
      problem: 'it is full of zeros, as after a crash of the machine or a copy that was not finished',
      hint: RESTORE,
    };
  }
  if (hasFractions(bytes)) {
    return { problem: 'its first bytes are overwritten, but the rest looks like SQLite’s', hint: RESTORE };
  }
  if (isText(bytes)) {
    const isDump = /^(?:\s|--[^\n]*\n|\/\*.*?\*\/|PRAGMA [^;]*;)*(?:BEGIN|CREATE|INSERT|SET)\b/is;
    if (!isDump.test(bytes.toString('utf8'))) return { problem: 'it is a text file', hint: WRONG_FILE };
    return {
      problem: 'it is a text file with SQL in it: a dump, not a database',
      hint: 'Load it into a new file: sqlite3 new.db < dump.sql',
    };
  }
  if (bytes.length >= 512 && bitsPerByte(bytes) > 7.2) {
    return {
      problem: 'it has no SQLite header and looks random: it is encrypted (SQLCipher, SEE) or compressed',
      hint: `The gateway and mcpgw only open plain SQLite files: decrypt it first. ${WRONG_FILE}`,
    };
  }
  return { problem: header, hint: WRONG_FILE };
}

function isText(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  // A character may be cut in two at the end.
  const text = bytes.toString('utf8').replace(/\ufffd{1,3}$/, '');
  return !text.includes('\ufffd');
}

/** Shannon's entropy: 8 for random bytes (7.5 in 512 of them), below 6 for a page of a database or text. */
function bitsPerByte(bytes: Buffer): number {
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  return counts
    .filter((n) => n > 0)
    .reduce((sum, n) => sum - (n / bytes.length) * Math.log2(n / bytes.length), 0);
}
