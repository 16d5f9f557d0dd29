import { firstBytes } from './first-bytes.ts';

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
export const HEADER_BYTES = 100;
/** How much of a page a payload may take: the same three bytes in every database. */
export const FRACTIONS = [64, 32, 32];

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
  const [write = 0, read = 0, reserved = 0] = bytes.subarray(18, 21);
  if (read > 2 || write > 2) return `it is of format ${write}/${read}, which this SQLite does not know`;
  if (!hasFractions(bytes) || pageSize - reserved < 480) return 'its header is overwritten';
  const version = bytes.readUInt32BE(96);
  return {
    pageSize,
    journal: read === 2 ? 'wal' : 'rollback',
    pages: pagesIn(bytes),
    writtenBy: [version / 1_000_000, (version / 1000) % 1000, version % 1000].map(Math.trunc).join('.'),
  };
}

/** Whether bytes have the fractions of a header, whatever else is wrong with them. */
export function hasFractions(header: Buffer): boolean {
  return header.length >= HEADER_BYTES && header.subarray(21, 24).equals(Buffer.from(FRACTIONS));
}

/** A version of SQLite that did not know this field leaves the two counters different. */
export function pagesIn(header: Buffer): number | null {
  const pages = header.readUInt32BE(28);
  return pages > 0 && header.readUInt32BE(24) === header.readUInt32BE(92) ? pages : null;
}

/** The page size that a header states; null when it is none, or the header is not all there. */
export function pageSizeIn(header: Buffer): number | null {
  if (header.length < 18) return null;
  const stated = header.readUInt16BE(16);
  const size = stated === 1 ? 65_536 : stated;
  return isPageSize(size) ? size : null;
}

/** A power of two from 512 to 65536. */
export function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65_536 && (size & (size - 1)) === 0;
}
