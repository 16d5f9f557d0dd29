import { type BtreePage, type ReadRow, readBtreePage, rowsOn } from './btree-page.ts';
import { fits, isPossible } from './column-fit.ts';
import type { FreePages } from './layout.ts';
import type { NewDatabase, NewTable } from './new-database.ts';
import type { PageFile, Step } from './page-file.ts';
import type { Stored } from './record.ts';
import { isWithin, type Survey, type SurveyedTree, walkTree } from './survey.ts';

export interface SalvageTools {
  readonly file: PageFile;
  readonly database: NewDatabase;
  readonly survey: Survey;
  readonly step: Step;
}

/** Takes what its own pages hold of a damaged table. */
export async function salvageTable(tools: SalvageTools, table: NewTable, tree: SurveyedTree): Promise<void> {
  const { file, survey, step } = tools;
  const isOwn = (page: number) => survey.isOwned(page, tree);
  const takeOwn = (page: number) => {
    if (!isOwn(page)) return false;
    survey.take(page);
    return true;
  };
  for (const found of walkTree(file, tree, isOwn)) {
    await step();
    if (!('why' in found)) {
      survey.take(found.number);
      keepPage(tools, table, found.number, [...rowsOn(file, found, takeOwn)]);
      continue;
    }
    if (found.damaged === null || !isOwn(found.page)) continue;
    survey.take(found.page);
    // What is left of a page of which some is wrong may be wrong, too.
    for (const row of rowsOn(file, found.damaged, takeOwn)) {
      if (!fits(row.values, table.columns) || row.values.length < row.fields) continue;
      setAside(tools, table.name, found.damaged.number, row, `its page is damaged: ${found.why}`);
    }
  }
}

/** One row that cannot be of this table shows that the whole page is of another. */
function keepPage(tools: SalvageTools, table: NewTable, page: number, rows: readonly ReadRow[]): void {
  const isForeign = rows.some(
    ({ values, problem }) => problem === null && !isPossible(values, table.columns),
  );
  for (const row of rows) {
    if (isForeign) setAside(tools, '', page, row, `its page stands in the place of one of ${table.name}`);
    else keepRow(tools, table, page, row);
  }
}

/** Puts a row into its table; one that is not whole, or that the table does not take, is set aside. */
function keepRow(tools: SalvageTools, table: NewTable, page: number, row: ReadRow): void {
  if (row.problem !== null) {
    setAside(tools, table.name, page, row, row.problem);
    return;
  }
  const result = tools.database.insert(table, row.rowid, row.values);
  if (typeof result !== 'string') setAside(tools, table.name, page, row, result.refused);
}

function setAside(
  { database }: Pick<SalvageTools, 'database'>,
  table: string,
  page: number,
  { values, rowid }: ReadRow,
  why: string,
): void {
  if (values.length > 0) database.setAside({ table, page, rowid, why, values });
}

/** A table of the damaged file. */
export interface Source {
  readonly table: NewTable;
  /** Null when nothing says where its rows are. */
  readonly tree: SurveyedTree | null;
  /** The definition that stands in for its own, which was lost; null where it has that. */
  readonly assumed: { readonly optional: boolean } | null;
}

/**
 * Finds the tables of pages that no page leads to any more. A page belongs to a damaged table when its rowids
 * lie in a gap of it and its rows are what its columns hold; what fits several is set aside, and so is what may
 * be a page that was given up when the list of those is damaged.
 *
 * @param allTablesKnown else what fits none may be of a table whose definition was lost, and is set aside
 * @returns how many pages with rows fit nowhere and may be old
 */
export async function placeOrphans(
  tools: SalvageTools,
  free: FreePages,
  unsound: readonly Source[],
  allTablesKnown: boolean,
): Promise<number> {
  const { file, survey, step } = tools;
  const damaged = unsound.filter(({ tree }) => tree === null || tree.missing.length > 0);
  if (damaged.length === 0) return 0;
  let ignored = 0;
  for (let number = 2; number <= file.pageCount; number++) {
    await step();
    if (free.numbers.has(number) || !survey.isLeft(number)) continue;
    const page = readBtreePage(file, number);
    if (page === null || page.kind !== 'table-leaf' || page.problem !== null || page.cells.length === 0)
      continue;
    survey.take(number);
    const mayUse = (overflow: number) => {
      if (free.numbers.has(overflow) || !survey.isLeft(overflow)) return false;
      survey.take(overflow);
      return true;
    };
    const rows = [...rowsOn(file, page, mayUse)];
    const candidates = candidatesFor(damaged, page, rows);
    const [only, ...others] = candidates;
    if (only !== undefined && others.length === 0 && free.complete) {
      for (const row of rows) keepRow(tools, only, number, row);
    } else if (only !== undefined || free.complete || !allTablesKnown) {
      const table = candidates.map(({ name }) => name).join(' or ');
      const why = others.length > 0 ? 'it fits several tables' : whyUnsure(free);
      for (const row of rows) {
        if (!candidates.some((candidate) => isPresent(tools, candidate, row))) {
          setAside(tools, table, number, row, row.problem ?? why);
        }
      }
    } else ignored++;
  }
  return ignored;
}

const whyUnsure = ({ complete }: FreePages) =>
  complete ? 'it fits no table' : 'its page may have been given up: the list of those is damaged';

/** A page that was given up often holds rows that have moved. */
function isPresent({ database }: SalvageTools, table: NewTable, { rowid }: ReadRow): boolean {
  return !table.withoutRowid && database.has(table, rowid);
}

function candidatesFor(
  damaged: readonly Source[],
  page: BtreePage,
  rows: readonly ReadRow[],
): readonly NewTable[] {
  const whole = rows.filter(({ problem }) => problem === null);
  if (whole.length === 0) return [];
  const inGap = ({ tree }: Source) =>
    tree === null || tree.missing.some(({ above, upTo }) => isWithin(page, above, upTo));
  return damaged
    .filter((source) => !source.table.withoutRowid && inGap(source))
    .map(({ table }) => table)
    .filter(({ columns }) => whole.every(({ values }) => fits(values, columns)));
}

/** An index of the damaged file. */
export interface IndexTree {
  readonly name: string;
  readonly tree: SurveyedTree;
}

/** Rows beyond this are not gathered: they are held in memory until all indexes were read. */
const MOST = 100_000;

/**
 * Of rows whose page is lost sets aside what the indexes of their table still hold: their keys, and names as a rule.
 *
 * @returns of how many rows something is known
 */
export async function keepIndexedParts(
  tools: SalvageTools,
  table: NewTable,
  indexes: readonly IndexTree[],
): Promise<number> {
  const { database, file, survey, step } = tools;
  if (table.withoutRowid) return 0;
  const parts = new Map<bigint, Stored[]>();
  for (const { name, tree } of indexes) {
    const places = placesOf(tools, table, name);
    const isOwn = (page: number) => survey.isOwned(page, tree);
    for (const found of walkTree(file, tree, isOwn)) {
      await step();
      if ('why' in found) continue;
      for (const { values, problem } of rowsOn(file, found, isOwn)) {
        const rowid = values.at(-1);
        // An entry is the indexed values and the rowid.
        if (problem !== null || typeof rowid !== 'bigint' || values.length !== places.length + 1) continue;
        if (database.has(table, rowid) || database.lostAndFound.has(table.name, rowid)) continue;
        const row = parts.get(rowid) ?? Array.from(table.columns, (): Stored => null);
        for (const [i, place] of places.entries()) if (place >= 0) row[place] = values[i] ?? null;
        if (parts.has(rowid) || parts.size < MOST) parts.set(rowid, row);
      }
    }
  }
  for (const [rowid, values] of parts) {
    const why = 'its page is lost: this is what its indexes hold';
    database.setAside({ table: table.name, page: null, rowid, why, values });
  }
  return parts.size;
}

/** Where the columns of an index stand in a row; -1 for an expression. */
function placesOf({ database }: SalvageTools, { columns }: NewTable, index: string): readonly number[] {
  return database.indexColumns(index).map((name) => columns.findIndex((column) => column.name === name));
}
