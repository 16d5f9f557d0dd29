import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { LEFTOVER_COPIES } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import type { RecordFacts } from './record.ts';

/** Columns that migrations fill where they hold NULL. */
const FILLED = [
  ['tools', 'display_name'],
  ['tools', 'name'],
] as const;

/** Asks the database what a plan depends on besides its schema. */
export async function readPlanFacts(db: Connection, schema: Schema): Promise<RecordFacts> {
  const nulls = new Map<string, number>();
  for (const [table, column] of FILLED) {
    if (columnOf(schema.get(table), column) === undefined) continue;
    nulls.set(
      `${table}.${column}`,
      await count(db, sql`${sql.table(table)} WHERE ${sql.ref(column)} IS NULL`),
    );
  }
  const missing = new Map<string, number>();
  for (const [copy, original] of LEFTOVER_COPIES) {
    if (!schema.has(copy)) continue;
    const from = sql`${sql.table(copy)} c WHERE NOT EXISTS
      (SELECT 1 FROM ${sql.table(original)} o WHERE o.id = c.id)`;
    missing.set(copy, await count(db, from));
  }
  return {
    nulls: (table, column) => nulls.get(`${table}.${column}`) ?? 0,
    missingFrom: (copy) => missing.get(copy) ?? 0,
    zonedTimes: db.dialect.zonedTimes,
  };
}

async function count(db: Connection, from: ReturnType<typeof sql>): Promise<number> {
  const [row] = await db.query<{ n: unknown }>(sql<{ n: unknown }>`SELECT count(*) AS n FROM ${from}`);
  return Number(row?.n ?? 0);
}
