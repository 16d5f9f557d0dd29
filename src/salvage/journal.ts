import { statSync } from 'node:fs';
import { firstBytes } from './first-bytes.ts';

/** A rollback journal that was begun and not ended (https://www.sqlite.org/fileformat.html, 3). */
export interface Journal {
  readonly bytes: number;
  readonly inode: number;
  readonly modified: Date;
  /** Of the database when the transaction began. */
  readonly pages: number;
}

const MAGIC = Buffer.from('d9d505f920a163d7', 'hex');

/**
 * Reads the header of a `-journal`. Null when there is none, and for one that means nothing: empty or with a
 * header of zeros, as the journal modes TRUNCATE and PERSIST leave it.
 */
export function readJournal(file: string): Journal | null {
  try {
    const { size, ino, mtime } = statSync(file);
    const bytes = firstBytes(file, 28);
    if (bytes.length < 28 || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
    return { bytes: size, inode: ino, modified: mtime, pages: bytes.readUInt32BE(16) };
  } catch {
    return null;
  }
}
