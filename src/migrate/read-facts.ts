import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { countRows } from '../database/row-counts.ts';
import { LEFTOVER_COPIES } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import type { RecordFacts } from './record.ts';

/** Columns that migrations fill where they hold NULL, by table. */
export const FILLED: readonly (readonly [table: string, columns: readonly string[]])[] = [
  ['tools', ['display_name', 'name']],
];

/** Asks the database what a plan depends on besides its schema. */
export async function readPlanFacts(db: Connection, schema: Schema): Promise<RecordFacts> {
  const nulls = new Map<string, number>();
  for (const [table, columns] of FILLED) {
    for (const column of columns) {
      if (columnOf(schema.get(table), column) === undefined) continue;
      const empty = sql`${sql.table(table)} WHERE ${sql.ref(column)} IS NULL`;
      nulls.set(`${table}.${column}`, await countRows(db, empty));
    }
  }
  const missing = new Map<string, number>();
  for (const [copy, original] of LEFTOVER_COPIES) {
    if (!schema.has(copy)) continue;
    const from = sql`${sql.table(copy)} c WHERE NOT EXISTS
      (SELECT 1 FROM ${sql.table(original)} o WHERE o.id = c.id)`;
    missing.set(copy, await countRows(db, from));
  }
  return {
    nulls: (table, column) => nulls.get(`${table}.${column}`) ?? 0,
    missingFrom: (copy) => missing.get(copy) ?? 0,
    zonedTimes: db.dialect.zonedTimes,
  };
}
