import { type BtreePage, readBtreePage } from './btree-page.ts';
import type { PageFile } from './page-file.ts';
import type { Whole } from './varint.ts';

export interface TreeRoot {
  readonly root: number;
  /** Rows by rowid, or entries by their key: indexes, and tables WITHOUT ROWID. */
  readonly kind: 'table' | 'index';
}

/** A part of a tree that cannot be reached through its own pages. */
export interface MissingPart {
  /** The page that should lead to it, or hold it. */
  readonly page: number;
  /** That page, when it can be read in part. */
  readonly damaged: BtreePage | null;
  readonly why: string;
  /** Its rowids are above this, and up to that; null for no bound. */
  readonly above: Whole | null;
  readonly upTo: Whole | null;
}

/** SQLite's own bound is 20; more is a page that leads back to itself. */
const DEEPEST = 24;

/**
 * Every sound page of a tree in the order of its rows, and what is missing between them.
 *
 * @param mayEnter whether a page can be of this tree; those that are not are missing
 */
export function* walkTree(
  file: PageFile,
  { root, kind }: TreeRoot,
  mayEnter: (page: number) => boolean,
): Generator<BtreePage | MissingPart> {
  yield* walk(root, null, null, 0);

  function* walk(
    number: number,
    above: Whole | null,
    upTo: Whole | null,
    depth: number,
  ): Generator<BtreePage | MissingPart> {
    const missing = (why: string, damaged: BtreePage | null): MissingPart => ({
      page: number,
      damaged,
      why,
      above,
      upTo,
    });
    if (!file.has(number)) return yield missing('it is behind the end of the file', null);
    if (depth > DEEPEST || !mayEnter(number)) return yield missing('another page leads to it, too', null);
    const page = readBtreePage(file, number);
    if (page === null || !page.kind.startsWith(kind)) return yield missing('it is no page of a tree', null);
    if (page.problem !== null) return yield missing(page.problem, page);
    // Only a table without rows has such a page, and then no other.
    if (depth > 0 && page.cells.length === 0) return yield missing('it is empty', null);
    if (kind === 'table' && !isWithin(page, above, upTo))
      return yield missing('its rows belong elsewhere', page);
    yield page;
    if (page.kind.endsWith('leaf')) return;
    let last = above;
    for (const { child, rowid } of page.cells) {
      yield* walk(child, last, kind === 'table' ? rowid : null, depth + 1);
      last = kind === 'table' ? rowid : null;
    }
    yield* walk(page.rightmost, last, upTo, depth + 1);
  }
}

export function isWithin({ cells }: BtreePage, above: Whole | null, upTo: Whole | null): boolean {
  const [first, last] = [cells[0], cells.at(-1)];
  if (first === undefined || last === undefined) return true;
  return (above === null || first.rowid > above) && (upTo === null || last.rowid <= upTo);
}
