import { endianness } from 'node:os';
import { firstBytes } from './first-bytes.ts';
import { walChecksum } from './wal-checksum.ts';

/** What the `-shm` file tells of the log beside it (https://www.sqlite.org/walformat.html, 2.1 and 2.2). */
export interface WalIndex {
  /** The round of the log it belongs to. */
  readonly salts: Buffer;
  /** Frames up to the last commit. */
  readonly frames: number;
  /** How many of them a checkpoint has copied into the database. */
  readonly copied: number;
}

const HEADER_BYTES = 48;
const CHECKPOINT_BYTES = 100;
const VERSION = 3_007_000;

/** Reads the head of a `-shm` file; null when there is none, or none that a writer has finished. */
export function readWalIndex(shm: string): WalIndex | null {
  let index: Buffer;
  try {
    index = firstBytes(shm, CHECKPOINT_BYTES);
  } catch {
    return null;
  }
  if (index.length < CHECKPOINT_BYTES) return null;
  // Numbers are in the order of the machine that wrote them, which is this one.
  const isBigEndian = endianness() === 'BE';
  const number = (at: number) => (isBigEndian ? index.readUInt32BE(at) : index.readUInt32LE(at));
  const header = index.subarray(0, HEADER_BYTES);
  if (number(0) !== VERSION || index[12] !== 1) return null;
  if (!header.equals(index.subarray(HEADER_BYTES, 2 * HEADER_BYTES))) return null;
  const [first, second] = walChecksum(header.subarray(0, 40), [0, 0], isBigEndian);
  if (first !== number(40) || second !== number(44)) return null;
  return { salts: Buffer.from(index.subarray(32, 40)), frames: number(16), copied: number(96) };
}
