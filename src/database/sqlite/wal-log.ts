import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { firstBytes } from './first-bytes.ts';
import { isPageSize, pageSizeIn } from './page-size.ts';
import { type WalChecksum, walChecksum } from './wal-checksum.ts';

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
