import type { NewTable } from './new-database.ts';
import type { Stored } from './record.ts';
import { rowsOn, type SalvageTools } from './salvage-table.ts';
import type { SurveyedTree } from './survey.ts';
import { walkTree } from './walk-tree.ts';

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
      for (const { values, problem } of rowsOn(tools, found, isOwn)) {
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
