import { type BtreePage, readBtreePage, rowsOn } from './btree-page.ts';
import { isPossible, type StoredColumn } from './column-fit.ts';
import type { PageFile, Step } from './page-file.ts';
import type { Whole } from './record.ts';

/** What was found of one tree. */
export interface SurveyedTree extends TreeRoot {
  readonly id: number;
  /** Rows, or entries of an index, on its sound pages. */
  readonly entries: number;
  readonly missing: readonly MissingPart[];
  /** Rows on sound pages that are not whole. */
  readonly brokenRows: number;
}

/** Two trees lay claim to the page: neither can be believed. */
const DISPUTED = -1;

/** Finds out which page belongs to which tree, before any row of them is believed. */
export class Survey {
  readonly trees: SurveyedTree[] = [];
  readonly #file: PageFile;
  /** By page: 0 for nobody's. */
  readonly #owners: Int32Array;
  readonly #taken: Uint8Array;
  /** Trees that share a page with another. */
  readonly #disputed = new Set<number>();

  constructor(file: PageFile) {
    this.#file = file;
    this.#owners = new Int32Array(file.pageCount + 1);
    this.#taken = new Uint8Array(file.pageCount + 1);
  }

  /**
   * Walks a tree and notes its pages as its own.
   *
   * @param columns of the table whose rows are in it; null for what holds none
   */
  async add(
    tree: TreeRoot,
    step: Step,
    columns: readonly StoredColumn[] | null = null,
  ): Promise<SurveyedTree> {
    const id = this.trees.length + 1;
    const missing: MissingPart[] = [];
    let entries = 0;
    let brokenRows = 0;
    for (const found of walkTree(this.#file, tree, (page) => this.#claim(page, id))) {
      await step();
      if ('why' in found) {
        missing.push(found);
        continue;
      }
      for (const { values, problem } of rowsOn(this.#file, found, (page) => this.#claim(page, id))) {
        entries++;
        if (problem !== null || (columns !== null && !isPossible(values, columns))) brokenRows++;
      }
    }
    const surveyed = { ...tree, id, entries, missing, brokenRows };
    this.trees.push(surveyed);
    return surveyed;
  }

  #claim(page: number, id: number): boolean {
    const owner = this.#owners[page];
    if (owner === 0) {
      this.#owners[page] = id;
      return true;
    }
    if (owner !== undefined && owner !== DISPUTED) this.#disputed.add(owner);
    this.#owners[page] = DISPUTED;
    return false;
  }

  /** Whether all of a tree is there; known when every tree was added. */
  isSound(tree: SurveyedTree): boolean {
    return tree.missing.length === 0 && tree.brokenRows === 0 && !this.isDisputed(tree);
  }

  /** Whether a page of it is another tree's as well. */
  isDisputed({ id }: SurveyedTree): boolean {
    return this.#disputed.has(id);
  }

  isOwned(page: number, { id }: SurveyedTree): boolean {
    return this.#owners[page] === id;
  }

  /** Notes that what a page holds was dealt with. */
  take(page: number): void {
    this.#taken[page] = 1;
  }

  /** Whether a page may still hold something that was not dealt with. */
  isLeft(page: number): boolean {
    const tree = this.trees[(this.#owners[page] ?? 0) - 1];
    return this.#taken[page] === 0 && (tree === undefined || !this.isSound(tree));
  }
}

interface TreeRoot {
  readonly root: number;
  /** Rows by rowid, or entries by their key: indexes, and tables WITHOUT ROWID. */
  readonly kind: 'table' | 'index';
}

/** A part of a tree that cannot be reached through its own pages. */
interface MissingPart {
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
