import type { Connection } from '../database/connection.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type Schema, sameColumns } from '../schema/model.ts';
import { type SharedValues, sharedValues } from './shared-values.ts';

/** Rows that share a value which is unique in v0.6.0, and only per team and owner in v0.7.0. */
export interface Duplicates extends SharedValues {
  readonly column: string;
}

/** Finds the rows that the uniques of v0.6.0 would not allow, where those are not in force already. */
export async function findDuplicates(db: Connection, schema: Schema): Promise<readonly Duplicates[]> {
  const found: Duplicates[] = [];
  for (const { name, scopedUniques } of OWNED_TABLES) {
    for (const column of scopedUniques) {
      const table = schema.get(name);
      if (table === undefined || columnOf(table, column) === undefined) continue;
      if (table.uniques.some((u) => sameColumns(u.columns, [column]))) continue;
      const duplicates = await sharedValues(db, table, [column]);
      if (duplicates.rows > 0) found.push({ ...duplicates, column });
    }
  }
  return found;
}
