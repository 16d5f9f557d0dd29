import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { firstBytes } from '../../../database/sqlite/first-bytes.ts';

/** What a write-ahead log holds (https://www.sqlite.org/fileformat.html, 4). */
export interface Wal {
  readonly bytes: number;
  readonly pageSize: number;
  /** Frames (a page each) up to the last commit; of a very large file only the first ones are counted. */
  readonly committed: number;
  /** Those of them that are not in the database file yet, as far as the `-shm` file tells. */
  readonly pending: number;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGICS = [0x377f0682, 0x377f0683];
const VERSION = 3_007_000;
/** Looking at each takes some microseconds. */
const MOST_FRAMES = 20_000;

/** Reads a `-wal` file; null when there is none, or nothing that SQLite would take for one. */
export function readWal(file: string): Wal | null {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const head = Buffer.alloc(HEADER_BYTES);
    if (readSync(handle, head, 0, HEADER_BYTES, 0) < HEADER_BYTES) return null;
    if (!MAGICS.includes(head.readUInt32BE(0)) || head.readUInt32BE(4) !== VERSION) return null;
    const pageSize = head.readUInt32BE(8);
    const salts = head.subarray(16, 24);
    const bytes = fstatSync(handle).size;
    const committed = lastCommit(handle, pageSize, salts);
    const done = checkpointed(`${file.replace(/-wal$/, '')}-shm`, salts);
    return { bytes, pageSize, committed, pending: Math.max(0, committed - done) };
  } finally {
    closeSync(handle);
  }
}

/** Frames of earlier rounds have other salts: they end what counts. */
function lastCommit(handle: number, pageSize: number, salts: Buffer): number {
  const frame = Buffer.alloc(FRAME_HEADER_BYTES);
  let committed = 0;
  for (let n = 1; n <= MOST_FRAMES; n++) {
    const at = HEADER_BYTES + (n - 1) * (FRAME_HEADER_BYTES + pageSize);
    if (readSync(handle, frame, 0, FRAME_HEADER_BYTES, at) < FRAME_HEADER_BYTES) break;
    if (!frame.subarray(8, 16).equals(salts)) break;
    if (frame.readUInt32BE(4) !== 0) committed = n;
  }
  return committed;
}

/** How many frames a checkpoint has copied, from an index that belongs to this log (walformat.html, 2.1 and 2.2). */
function checkpointed(shm: string, salts: Buffer): number {
  try {
    const index = firstBytes(shm, 100);
    const isOurs = index.length === 100 && index[12] === 1 && index.subarray(32, 40).equals(salts);
    if (!isOurs) return 0;
    return endianness() === 'LE' ? index.readUInt32LE(96) : index.readUInt32BE(96);
  } catch {
    return 0;
  }
}
