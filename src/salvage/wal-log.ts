import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { isPageSize, pageSizeIn } from './file-header.ts';
import { firstBytes } from './first-bytes.ts';

/** What the head of one frame says, whether it is right or not. */
export interface FrameHead {
  readonly page: number;
  /** Pages of the database after the commit that this frame ends; 0 in the middle of a transaction. */
  readonly commit: number;
  readonly salts: Buffer;
}

export interface Frame extends FrameHead {
  /** From 1. */
  readonly number: number;
  /** Valid until the next one is read. */
  readonly content: Buffer;
}

/** An open write-ahead log, with a header that SQLite would take. */
export interface WalLog {
  readonly bytes: number;
  readonly pageSize: number;
  /** Those that have all their bytes. */
  readonly wholeFrames: number;
  /** Of this round; null for a log whose header SQLite would not take, and ignore all that follows. */
  readonly salts: Buffer | null;
  /** Null behind the end of the file. */
  head(number: number): FrameHead | null;
  /** The frames that SQLite would find: of this round, and with a chain of checksums that is right. */
  frames(): Generator<Frame>;
  /** Whether the checksum of a frame continues that of the one before it. */
  continues(number: number): boolean;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The last bit says how the words of the checksums are stored. */
const MAGIC = 0x377f0682;
const VERSION = 3_007_000;

/**
 * Opens a `-wal` file for the time of `use`. Nothing is locked: the log may grow or begin anew meanwhile.
 *
 * @returns null when there is no file, or it is empty
 */
export function withWalLog<T>(file: string, use: (log: WalLog) => T): T | null {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch {
    return null;
  }
  try {
    const { size } = fstatSync(handle);
    return size === 0 ? null : use(walLog(handle, size, file));
  } finally {
    closeSync(handle);
  }
}

function walLog(handle: number, bytes: number, file: string): WalLog {
  const head = readHead(handle);
  const pageSize = head?.pageSize ?? pageSizeOf(file.replace(/-wal$/, ''));
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  const frame = Buffer.alloc(frameBytes);
  const read = (number: number, length: number) =>
    readSync(handle, frame, 0, length, HEADER_BYTES + (number - 1) * frameBytes) === length;
  const frameHead = (): FrameHead => ({
    page: frame.readUInt32BE(0),
    commit: frame.readUInt32BE(4),
    salts: Buffer.from(frame.subarray(8, 16)),
  });
  const storedSum = (): WalChecksum => [frame.readUInt32BE(16), frame.readUInt32BE(20)];
  const isRight = (before: WalChecksum, isBigEndian: boolean) => {
    const sum = walChecksum(frame.subarray(0, 8), before, isBigEndian);
    const [first, second] = walChecksum(frame.subarray(FRAME_HEADER_BYTES), sum, isBigEndian);
    return first === frame.readUInt32BE(16) && second === frame.readUInt32BE(20);
  };
  return {
    bytes,
    pageSize,
    wholeFrames: Math.max(0, Math.floor((bytes - HEADER_BYTES) / frameBytes)),
    salts: head?.salts ?? null,
    head: (number) => (read(number, FRAME_HEADER_BYTES) ? frameHead() : null),
    *frames() {
      if (head === null) return;
      let sum = head.sum;
      for (let number = 1; read(number, frameBytes); number++) {
        const found = frameHead();
        if (!found.salts.equals(head.salts) || found.page === 0 || !isRight(sum, head.isBigEndian)) return;
        sum = storedSum();
        yield { ...found, number, content: frame.subarray(FRAME_HEADER_BYTES) };
      }
    },
    continues(number) {
      if (!read(number - 1, FRAME_HEADER_BYTES)) return false;
      const before = storedSum();
      return read(number, frameBytes) && (isRight(before, false) || isRight(before, true));
    },
  };
}

interface Head {
  readonly pageSize: number;
  readonly salts: Buffer;
  readonly sum: WalChecksum;
  readonly isBigEndian: boolean;
}

/** The header of a log (https://www.sqlite.org/fileformat.html, 4.1), or null for one that SQLite would not take. */
function readHead(handle: number): Head | null {
  const header = Buffer.alloc(HEADER_BYTES);
  if (readSync(handle, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) return null;
  const magic = header.readUInt32BE(0);
  if (magic >>> 1 !== MAGIC >>> 1 || header.readUInt32BE(4) !== VERSION) return null;
  const pageSize = header.readUInt32BE(8);
  if (!isPageSize(pageSize)) return null;
  const isBigEndian = (magic & 1) === 1;
  const sum = walChecksum(header.subarray(0, 24), [0, 0], isBigEndian);
  if (sum[0] !== header.readUInt32BE(24) || sum[1] !== header.readUInt32BE(28)) return null;
  return { pageSize, salts: Buffer.from(header.subarray(16, 24)), sum, isBigEndian };
}

const USUAL_PAGE_SIZE = 4_096;

function pageSizeOf(database: string): number {
  try {
    return pageSizeIn(firstBytes(database, 18)) ?? USUAL_PAGE_SIZE;
  } catch {
    return USUAL_PAGE_SIZE;
  }
}

/** What the `-shm` file tells of the log beside it (https://www.sqlite.org/walformat.html, 2.1 and 2.2). */
export interface WalIndex {
  /** The round of the log it belongs to. */
  readonly salts: Buffer;
  /** Frames up to the last commit. */
  readonly frames: number;
  /** How many of them a checkpoint has copied into the database. */
  readonly copied: number;
}

const INDEX_HEADER_BYTES = 48;
const CHECKPOINT_BYTES = 100;

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
  const header = index.subarray(0, INDEX_HEADER_BYTES);
  if (number(0) !== VERSION || index[12] !== 1) return null;
  if (!header.equals(index.subarray(INDEX_HEADER_BYTES, 2 * INDEX_HEADER_BYTES))) return null;
  const [first, second] = walChecksum(header.subarray(0, 40), [0, 0], isBigEndian);
  if (first !== number(40) || second !== number(44)) return null;
  return { salts: Buffer.from(index.subarray(32, 40)), frames: number(16), copied: number(96) };
}

type WalChecksum = readonly [number, number];

/**
 * Goes on with a checksum of a write-ahead log over more bytes (https://www.sqlite.org/walformat.html, 1.3): two
 * sums over pairs of 32-bit words.
 *
 * @param bytes a multiple of 8 of them
 */
function walChecksum(bytes: Buffer, [first, second]: WalChecksum, isBigEndian: boolean): WalChecksum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + view.getUint32(at, !isBigEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, !isBigEndian) + a) >>> 0;
  }
  return [a, b];
}
