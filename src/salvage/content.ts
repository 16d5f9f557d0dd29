import { type Header, hasFractions, MAGIC, parseHeader } from './file-header.ts';

export interface NoDatabase {
  /** What it is instead of a database; nothing of what is in it. */
  readonly problem: string;
  /** What to do with it: a sentence, `wrong file` for what never was a database, `damaged` for what was one. */
  readonly advice: string;
}

/** Other files that are taken for databases, by how they begin. */
const OTHERS: readonly (readonly [begins: string, problem: string, advice: string])[] = [
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

const DUMP = /^(?:\s|--[^\n]*\n|\/\*.*?\*\/|PRAGMA [^;]*;)*(?:BEGIN|CREATE|INSERT|SET)\b/is;

/** Looks at the first page of a file. @returns its header when SQLite would open it */
export function judgeContent(bytes: Buffer): Header | NoDatabase {
  const none = (problem: string, advice: string): NoDatabase => ({ problem, advice });
  if (bytes.length === 0) return none('it is empty: there is no database in it', 'empty');
  const header = parseHeader(bytes);
  if (typeof header !== 'string') return header;
  const begin = bytes.toString('latin1', 0, 64);
  const other = OTHERS.find(([begins]) => begin.startsWith(begins));
  if (other !== undefined) return none(other[1], other[2]);
  if (begin.startsWith(MAGIC)) return none(header, 'damaged');
  if (bytes.every((byte) => byte === 0)) {
    return none(
      'it is full of zeros, as after a crash of the machine or a copy that was not finished',
      'damaged',
    );
  }
  if (hasFractions(bytes)) {
    return none('its first bytes are overwritten, but the rest looks like SQLite’s', 'damaged');
  }
  if (isText(bytes)) {
    return DUMP.test(bytes.toString('utf8'))
      ? none(
          'it is a text file with SQL in it: a dump, not a database',
          'Load it into a new file: sqlite3 new.db < dump.sql',
        )
      : none('it is a text file', 'wrong file');
  }
  if (bytes.length >= 512 && bitsPerByte(bytes) > 7.2) {
    return none(
      'it has no SQLite header and looks random: it is encrypted (SQLCipher, SEE) or compressed',
      'encrypted',
    );
  }
  return none(header, 'wrong file');
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

/** What is missing at the end of a database, or null. @param size of the file in bytes */
export function cutOff({ pages, pageSize }: Header, size: number): string | null {
  if (pages !== null && size < pages * pageSize) {
    const missing = pages - Math.floor(size / pageSize);
    return `${missing} of ${pages} pages are missing`;
  }
  if (size % pageSize === 0) return null;
  return `${size} bytes are no whole number of pages of ${pageSize}: the last page is cut off`;
}
