import type { BtreePage, Cell } from './btree-page.ts';
import type { PageFile } from './page-file.ts';

export interface Payload {
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
