import type { BtreePage } from './btree-page.ts';
import { isPossible, type StoredColumn } from './column-fit.ts';
import type { PageFile } from './page-file.ts';
import { readPayload } from './read-payload.ts';
import { decodeRecord } from './record.ts';
import type { Step } from './step.ts';
import { type MissingPart, type TreeRoot, walkTree } from './walk-tree.ts';

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
      const holdsRows = tree.kind === 'index' || found.kind === 'table-leaf';
      if (!holdsRows) continue;
      entries += found.cells.length;
      brokenRows += this.#brokenRows(found, id, columns);
    }
    const surveyed = { ...tree, id, entries, missing, brokenRows };
    this.trees.push(surveyed);
    return surveyed;
  }

  #brokenRows(page: BtreePage, id: number, columns: readonly StoredColumn[] | null): number {
    let broken = 0;
    for (const cell of page.cells) {
      const { bytes, problem } = readPayload(this.#file, page, cell, (n) => this.#claim(n, id));
      const record = decodeRecord(bytes, cell.payloadSize, this.#file.encoding);
      const isWhole =
        problem === null &&
        record.problem === null &&
        (columns === null || isPossible(record.values, columns));
      if (!isWhole) broken++;
    }
    return broken;
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
