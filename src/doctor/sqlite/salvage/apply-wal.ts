import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

const WAL_HEADER = 32;
const FRAME_HEADER = 24;
/** The last bit says how the words of the checksums are stored. */
const MAGIC = 0x377f0682;

export interface AppliedWal {
  /** Pages that were written into the database. */
  readonly frames: number;
  /** Whole frames behind the last that counts: of a transaction that was not committed, or damaged. */
  readonly left: number;
  readonly pageSize: number;
}

/**
 * Writes what was committed into a -wal file into the database file, as SQLite does when it recovers one
 * (https://www.sqlite.org/walformat.html): every frame up to the last commit before the first whose checksum is
 * wrong. It works where the database's own header is damaged, too.
 *
 * @returns null when there is nothing that counts
 */
export function applyWal(wal: string, database: string): AppliedWal | null {
  const from = openSync(wal, 'r');
  const into = openSync(database, 'r+');
  try {
    const header = Buffer.alloc(WAL_HEADER);
    if (readSync(from, header, 0, WAL_HEADER, 0) < WAL_HEADER) return null;
    const magic = header.readUInt32BE(0);
    if (magic >>> 1 !== MAGIC >>> 1) return null;
    const isBigEndian = (magic & 1) === 1;
    const pageSize = header.readUInt32BE(8);
    if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return null;
    const sum = checksum(header.subarray(0, 24), [0, 0], isBigEndian);
    if (sum[0] !== header.readUInt32BE(24) || sum[1] !== header.readUInt32BE(28)) return null;

    const total = Math.floor((fstatSync(from).size - WAL_HEADER) / (FRAME_HEADER + pageSize));
    const committed = lastCommit(from, header, sum, total, pageSize, isBigEndian);
    if (committed === null) return null;
    const page = Buffer.alloc(FRAME_HEADER + pageSize);
    for (let frame = 0; frame < committed.frames; frame++) {
      readSync(from, page, 0, page.length, frameAt(frame, pageSize));
      writeSync(into, page, FRAME_HEADER, pageSize, (page.readUInt32BE(0) - 1) * pageSize);
    }
    ftruncateSync(into, committed.pages * pageSize);
    return { frames: committed.frames, left: total - committed.frames, pageSize };
  } finally {
    closeSync(from);
    closeSync(into);
  }
}

const frameAt = (frame: number, pageSize: number) => WAL_HEADER + frame * (FRAME_HEADER + pageSize);

/** The last frame that ends a transaction, and the size of the database after it. */
function lastCommit(
  from: number,
  header: Buffer,
  start: Checksum,
  total: number,
  pageSize: number,
  isBigEndian: boolean,
): { frames: number; pages: number } | null {
  const salts = header.subarray(16, 24);
  const page = Buffer.alloc(FRAME_HEADER + pageSize);
  let sum = start;
  let last: { frames: number; pages: number } | null = null;
  for (let frame = 0; frame < total; frame++) {
    readSync(from, page, 0, page.length, frameAt(frame, pageSize));
    if (!page.subarray(8, 16).equals(salts) || page.readUInt32BE(0) === 0) break;
    sum = checksum(page.subarray(0, 8), sum, isBigEndian);
    sum = checksum(page.subarray(FRAME_HEADER), sum, isBigEndian);
    if (sum[0] !== page.readUInt32BE(16) || sum[1] !== page.readUInt32BE(20)) break;
    const pages = page.readUInt32BE(4);
    if (pages !== 0) last = { frames: frame + 1, pages };
  }
  return last;
}

type Checksum = readonly [number, number];

/** walformat.html, 4.2: two sums over pairs of 32-bit words. */
function checksum(bytes: Buffer, [first, second]: Checksum, isBigEndian: boolean): Checksum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [a, b] = [first, second];
  for (let at = 0; at < bytes.length; at += 8) {
    a = (a + view.getUint32(at, !isBigEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, !isBigEndian) + a) >>> 0;
  }
  return [a, b];
}
