import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { readBtreePage } from './btree-page.ts';
import { FRACTIONS, HEADER_BYTES, hasFractions, MAGIC, pageSizeIn } from './file-header.ts';
import { firstBytes } from './first-bytes.ts';
import { PageFile, type PageLayout } from './page-file.ts';
import type { TextEncoding } from './record.ts';

/** Fields of the header that are kept in a new file (https://www.sqlite.org/fileformat.html, 1.3). */
export interface Layout {
  readonly layout: PageLayout;
  /** Null where the header was too damaged to be believed. */
  readonly kept: {
    readonly userVersion: number;
    readonly applicationId: number;
    readonly autoVacuum: 0 | 1 | 2;
    readonly walMode: boolean;
    readonly freeTrunk: number;
    readonly freePages: number;
  } | null;
}

const PAGE_SIZES = [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536];
const ENCODINGS: readonly TextEncoding[] = ['utf8', 'utf16le', 'utf16be'];
/** Of a large file, as many pages as tell its page size for sure. */
const SAMPLED_PAGES = 300;

/**
 * Reads the header of a database file as far as it can be believed. Where it cannot, the page size is the one
 * with which pages of the file make sense.
 *
 * @returns null for a file in which no page of a database can be found
 */
export function readLayout(path: string): Layout | null {
  const bytes = firstBytes(path, HEADER_BYTES);
  if (bytes.length < HEADER_BYTES) return null;
  const stated = pageSizeIn(bytes);
  const reserved = bytes[20] ?? 0;
  const encoding = ENCODINGS[bytes.readUInt32BE(56) - 1] ?? 'utf8';
  const guesses = [
    ...(stated === null ? [] : [{ pageSize: stated, reserved, encoding }]),
    ...PAGE_SIZES.map((pageSize) => ({ pageSize, reserved: 0, encoding })),
  ];
  let best: PageLayout | null = null;
  let bestScore = 0;
  for (const layout of guesses) {
    const score = soundBytes(path, layout);
    // What the header says comes first, and is overruled only by what fits better.
    if (score > bestScore) [best, bestScore] = [layout, score];
  }
  if (best === null) return null;
  const isSound =
    bytes.toString('latin1', 0, MAGIC.length) === MAGIC && stated === best.pageSize && hasFractions(bytes);
  return { layout: best, kept: isSound ? keptIn(bytes) : null };
}

/** Bytes in sound pages of trees that hold something, over a sample that is the same whatever the page size. */
function soundBytes(path: string, layout: PageLayout): number {
  const file = new PageFile(path, layout);
  try {
    const step = Math.max(1, Math.floor(file.pageCount / SAMPLED_PAGES));
    let sound = 0;
    for (let number = 1; number <= file.pageCount; number += step) {
      const page = readBtreePage(file, number);
      if (page !== null && page.problem === null && page.cells.length > 0) sound += layout.pageSize * step;
    }
    return sound;
  } finally {
    file.close();
  }
}

function keptIn(bytes: Buffer): Layout['kept'] {
  const incremental = bytes.readUInt32BE(64) !== 0;
  return {
    userVersion: bytes.readInt32BE(60),
    applicationId: bytes.readInt32BE(68),
    autoVacuum: bytes.readUInt32BE(52) === 0 ? 0 : incremental ? 2 : 1,
    walMode: bytes[18] === 2 && bytes[19] === 2,
    freeTrunk: bytes.readUInt32BE(32),
    freePages: bytes.readUInt32BE(36),
  };
}

/**
 * Gives a working copy a header with which SQLite opens it: the right page size and as many pages as are there,
 * no WAL mode, which would make files beside it.
 */
export function repairHeader(path: string, { layout, kept }: Layout): void {
  const handle = openSync(path, 'r+');
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    readSync(handle, bytes, 0, HEADER_BYTES, 0);
    const pages = Math.floor(fstatSync(handle).size / layout.pageSize);
    bytes.write(MAGIC, 'latin1');
    bytes.writeUInt16BE(layout.pageSize === 65_536 ? 1 : layout.pageSize, 16);
    bytes.set([1, 1, layout.reserved, ...FRACTIONS], 18);
    bytes.writeUInt32BE(pages, 28);
    bytes.writeUInt32BE(bytes.readUInt32BE(24), 92);
    if (kept === null) {
      bytes.fill(0, 32, 44);
      bytes.writeUInt32BE(4, 44);
      bytes.fill(0, 48, 56);
      bytes.writeUInt32BE(ENCODINGS.indexOf(layout.encoding) + 1, 56);
      bytes.fill(0, 60, 92);
    }
    writeSync(handle, bytes, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(handle);
  }
}

export interface FreePages {
  readonly numbers: ReadonlySet<number>;
  /** Whether these are all: else a page that no tree leads to may be one that was given up long ago. */
  readonly complete: boolean;
}

/** Follows the list of free pages (https://www.sqlite.org/fileformat.html, 1.5). */
export function freePages(file: PageFile, kept: Layout['kept']): FreePages {
  const numbers = new Set<number>();
  const unfinished = { numbers, complete: false };
  if (kept === null) return unfinished;
  for (let trunk = kept.freeTrunk; trunk !== 0; ) {
    if (!file.has(trunk) || numbers.has(trunk)) return unfinished;
    const bytes = file.read(trunk);
    const leaves = bytes.readUInt32BE(4);
    if (leaves > file.usableSize / 4 - 2) return unfinished;
    numbers.add(trunk);
    for (let i = 0; i < leaves; i++) {
      const leaf = bytes.readUInt32BE(8 + 4 * i);
      // A leaf of the list behind the end of a file that was cut holds nothing to be careful with.
      if (leaf < 2 || (file.has(leaf) && numbers.has(leaf))) return unfinished;
      numbers.add(leaf);
    }
    trunk = bytes.readUInt32BE(0);
  }
  return { numbers, complete: numbers.size === kept.freePages };
}
