import { type BtreePage, readBtreePage } from './btree-page.ts';
import { fits } from './column-fit.ts';
import type { FreePages } from './free-pages.ts';
import type { NewTable } from './new-database.ts';
import type { SchemaEntry } from './read-schema-entries.ts';
import { keepRow, type ReadRow, rowsOn, type SalvageTools, setAside } from './salvage-table.ts';
import type { SurveyedTree } from './survey.ts';
import { isWithin } from './walk-tree.ts';

interface Unsound {
  readonly entry: SchemaEntry;
  readonly tree: SurveyedTree | null;
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
  unsound: readonly Unsound[],
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
    const rows = [...rowsOn(tools, page, mayUse)];
    const candidates = candidatesFor(tools, damaged, page, rows);
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
  { database }: SalvageTools,
  damaged: readonly Unsound[],
  page: BtreePage,
  rows: readonly ReadRow[],
): NewTable[] {
  return damaged.flatMap(({ entry, tree }) => {
    const table = database.tables.get(entry.name);
    if (table === undefined || table.withoutRowid) return [];
    const inGap = tree === null || tree.missing.some(({ above, upTo }) => isWithin(page, above, upTo));
    const whole = rows.filter(({ problem }) => problem === null);
    return inGap && whole.length > 0 && whole.every(({ values }) => fits(values, table.columns))
      ? [table]
      : [];
  });
}
