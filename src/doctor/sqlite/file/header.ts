import { firstBytes } from '../../../database/sqlite/first-bytes.ts';
import { pageSizeIn } from '../../../database/sqlite/page-size.ts';

/** The first 100 bytes of a database (https://www.sqlite.org/fileformat.html, 1.3). */
export interface Header {
  readonly pageSize: number;
  readonly journal: 'rollback' | 'wal';
  /** Null where the field was not kept by the last one who wrote. */
  readonly pages: number | null;
  /** `3.45.1`: the SQLite that wrote last. */
  readonly writtenBy: string;
}

export const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;

/** The header of a database, or null when it is none that SQLite would open. */
export function readHeader(path: string): Header | null {
  try {
    const header = parseHeader(firstBytes(path, HEADER_BYTES));
    return typeof header === 'string' ? null : header;
  } catch {
    return null;
  }
}

/** @returns what is wrong with it when SQLite would refuse it */
export function parseHeader(bytes: Buffer): Header | string {
  if (bytes.length < HEADER_BYTES) return `it has only ${bytes.length} bytes`;
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return 'it does not begin with "SQLite format 3"';
  const pageSize = pageSizeIn(bytes);
  if (pageSize === null) return `its header has the page size ${bytes.readUInt16BE(16)}, which is none`;
  const [write = 0, read = 0, reserved = 0, ...fractions] = bytes.subarray(18, 24);
  if (read > 2 || write > 2) return `it is of format ${write}/${read}, which this SQLite does not know`;
  if (fractions.join() !== '64,32,32' || pageSize - reserved < 480) return 'its header is overwritten';
  const keptBy = bytes.readUInt32BE(92);
  const version = bytes.readUInt32BE(96);
  const pages = bytes.readUInt32BE(28);
  return {
    pageSize,
    journal: read === 2 ? 'wal' : 'rollback',
    pages: pages > 0 && bytes.readUInt32BE(24) === keptBy ? pages : null,
    writtenBy: [version / 1_000_000, (version / 1000) % 1000, version % 1000].map(Math.trunc).join('.'),
  };
}
