import { HEADER_BYTES } from './file-header.ts';
import type { PageFile } from './page-file.ts';
import { decodeRecord, readVarint, type StoredRecord, varintLength, type Whole } from './record.ts';

/** What a page of a tree is, by its first byte (https://www.sqlite.org/fileformat.html, 1.6). */
const KINDS = {
  2: 'index-interior',
  5: 'table-interior',
  10: 'index-leaf',
  13: 'table-leaf',
} as const;
type PageKind = (typeof KINDS)[keyof typeof KINDS];

interface Cell {
  /** Page of the subtree before this cell; 0 on a leaf. */
  readonly child: number;
  /** On table pages; 0 elsewhere. */
  readonly rowid: Whole;
  /** Bytes of the whole record; 0 on interior pages of tables, which hold none. */
  readonly payloadSize: number;
  readonly payloadAt: number;
  /** How many of them are on this page. */
  readonly localSize: number;
  /** First page of the rest; 0 when all is here. */
  readonly overflow: number;
}

export interface BtreePage {
  readonly number: number;
  readonly kind: PageKind;
  readonly cells: readonly Cell[];
  /** Page of the subtree after the last cell; 0 on a leaf. */
  readonly rightmost: number;
  readonly bytes: Buffer;
  /** What is wrong with it; null for a page that is sound. */
  readonly problem: string | null;
}

/**
 * Reads a page of a tree and checks it as strictly as SQLite's own integrity check: every byte behind its
 * header belongs to one cell, to one free block, or is counted as a fragment. Random bytes do not pass that.
 *
 * @returns null for what does not begin like one; of a damaged page the cells that lie inside of it
 */
export function readBtreePage(file: PageFile, number: number): BtreePage | null {
  if (!file.has(number)) return null;
  const bytes = file.read(number);
  // The header of the file stands before the first page's own.
  const at = number === 1 ? HEADER_BYTES : 0;
  const kind = KINDS[(bytes[at] ?? 0) as keyof typeof KINDS];
  if (kind === undefined) return null;
  const isInterior = kind === 'table-interior' || kind === 'index-interior';
  const pointersAt = at + (isInterior ? 12 : 8);
  const count = bytes.readUInt16BE(at + 3);
  const end = file.usableSize;
  const rightmost = isInterior ? bytes.readUInt32BE(at + 8) : 0;
  const contentAt = bytes.readUInt16BE(at + 5) || 65_536;
  const pointersEnd = pointersAt + 2 * count;

  let problem: string | null = null;
  const wrong = (what: string) => {
    problem ??= what;
  };
  if (pointersEnd > end || contentAt > end || pointersEnd > contentAt) wrong('its header does not fit');
  if (isInterior && count === 0 && number !== 1) wrong('it leads nowhere');

  const spans: [start: number, end: number][] = [];
  const cells: Cell[] = [];
  for (let i = 0; i < count && pointersAt + 2 * i + 2 <= end; i++) {
    const start = bytes.readUInt16BE(pointersAt + 2 * i);
    if (start < pointersEnd || start > end - 4) {
      wrong('a cell lies outside of it');
      continue;
    }
    const { cell, size } = readCell(bytes, start, kind, file);
    if (start < contentAt || start + size > end) {
      wrong('a cell lies outside of it');
      if (start + size > end) continue;
    }
    spans.push([start, start + size]);
    cells.push(cell);
  }
  if (problem === null) problem = problemOfSpans(bytes, at, contentAt, end, spans);
  if (problem === null && kind.startsWith('table') && !isAscending(cells))
    problem = 'its rows are in no order';
  return { number, kind, cells, rightmost, bytes, problem };
}

function readCell(
  bytes: Buffer,
  start: number,
  kind: PageKind,
  { usableSize }: PageFile,
): { cell: Cell; size: number } {
  let at = start;
  const child = kind.endsWith('interior') ? bytes.readUInt32BE(at) : 0;
  if (kind.endsWith('interior')) at += 4;
  if (kind === 'table-interior') {
    const rowid = readVarint(bytes, at);
    const size = at + varintLength(bytes, at) - start;
    return { cell: { child, rowid, payloadSize: 0, payloadAt: 0, localSize: 0, overflow: 0 }, size };
  }
  // Sizes beyond any file come out as more than the page can hold.
  const payloadSize = Number(readVarint(bytes, at));
  at += varintLength(bytes, at);
  let rowid: Whole = 0;
  if (kind === 'table-leaf') {
    rowid = readVarint(bytes, at);
    at += varintLength(bytes, at);
  }
  const localSize = localPayload(payloadSize, kind, usableSize);
  const spills = localSize < payloadSize;
  const pointerAt = at + localSize;
  const overflow = spills && pointerAt + 4 <= bytes.length ? bytes.readUInt32BE(pointerAt) : 0;
  const size = Math.max(4, pointerAt + (spills ? 4 : 0) - start);
  const isNonsense = payloadSize < 0 || (spills && overflow === 0);
  return {
    cell: { child, rowid, payloadSize, payloadAt: at, localSize, overflow },
    size: isNonsense ? bytes.length + 1 : size,
  };
}

/** How much of a record stays on its page (fileformat.html, 1.6: X, M and K). */
function localPayload(size: number, kind: PageKind, usable: number): number {
  const most = kind === 'table-leaf' ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (size <= most) return Math.max(0, size);
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const rest = least + ((size - least) % (usable - 4));
  return rest <= most ? rest : least;
}

function problemOfSpans(
  bytes: Buffer,
  at: number,
  contentAt: number,
  end: number,
  spans: [number, number][],
): string | null {
  for (let free = bytes.readUInt16BE(at + 1), last = 0; free !== 0; ) {
    if (free <= last || free < contentAt || free > end - 4) return 'its free blocks are in no order';
    const size = bytes.readUInt16BE(free + 2);
    if (size < 4 || free + size > end) return 'a free block lies outside of it';
    spans.push([free, free + size]);
    last = free;
    free = bytes.readUInt16BE(free);
  }
  spans.sort(([a], [b]) => a - b);
  let reached = contentAt;
  let fragments = 0;
  for (const [start, stop] of spans) {
    if (start < reached) return 'two cells overlap';
    fragments += start - reached;
    reached = stop;
  }
  fragments += end - reached;
  return fragments === bytes[at + 7] ? null : 'its bytes do not add up';
}

function isAscending(cells: readonly Cell[]): boolean {
  return cells.every((cell, i) => i === 0 || (cells[i - 1] as Cell).rowid < cell.rowid);
}

interface Payload {
  /** What could be read, from the beginning. */
  readonly bytes: Buffer;
  /** Overflow pages it was read from. */
  readonly pages: readonly number[];
  /** What is wrong with it; null when all is there. */
  readonly problem: string | null;
}

/**
 * Reads a record, and what of it lies on overflow pages.
 *
 * @param mayUse whether an overflow page can be of this row: those that others use are not
 */
export function readPayload(
  file: PageFile,
  page: BtreePage,
  cell: Cell,
  mayUse: (page: number) => boolean,
): Payload {
  const local = page.bytes.subarray(cell.payloadAt, cell.payloadAt + cell.localSize);
  if (cell.overflow === 0) return { bytes: local, pages: [], problem: null };
  const parts = [local];
  const pages: number[] = [];
  const perPage = file.usableSize - 4;
  let left = cell.payloadSize - cell.localSize;
  const stop = (problem: string | null): Payload => ({
    bytes: Buffer.concat(parts),
    pages,
    problem,
  });
  if (left > file.pageCount * perPage) return stop('it is larger than the file');
  for (let next = cell.overflow; ; ) {
    if (next < 2 || !file.has(next) || !mayUse(next)) {
      return stop(`it goes on at page ${next}, which is not its own`);
    }
    const bytes = file.read(next);
    const length = Math.min(left, perPage);
    const part = bytes.subarray(4, 4 + length);
    const following = bytes.readUInt32BE(0);
    if (left > length ? following === 0 : following !== 0) {
      return stop(`its page ${next} is damaged`);
    }
    pages.push(next);
    parts.push(part);
    left -= length;
    // Of a chain's last page nothing else shows that it was lost: nobody writes a page of zeros into a text.
    if (left === 0 && bytes.every((byte) => byte === 0)) return stop(`its page ${next} is nothing but zeros`);
    if (left === 0) return stop(null);
    next = following;
  }
}

/** A row, or the entry of an index, as it stands on a page. */
export interface ReadRow extends StoredRecord {
  readonly rowid: Whole;
}

/** The rows of a page; none of one that holds no rows. @param mayUse as for `readPayload` */
export function* rowsOn(
  file: PageFile,
  page: BtreePage,
  mayUse: (page: number) => boolean,
): Generator<ReadRow> {
  if (page.kind === 'table-interior') return;
  for (const cell of page.cells) {
    const payload = readPayload(file, page, cell, mayUse);
    const record = decodeRecord(payload.bytes, cell.payloadSize, file.encoding);
    yield { ...record, rowid: cell.rowid, problem: payload.problem ?? record.problem };
  }
}
