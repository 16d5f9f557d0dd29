import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { keyRanges } from '../database/key-ranges.ts';
import { LEFTOVER_COPIES, OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import type { RecordFacts } from './record.ts';

export interface PlanFacts extends RecordFacts {
  /** Tools whose display name SQL cannot make (see `Dialect.displayNameMisses`). */
  readonly unusualNames: number;
  /** Bounds of the ranges that updates of a large table are done in, by table. */
  readonly ranges: ReadonlyMap<string, readonly unknown[]>;
}

/** Columns that migrations fill where they hold NULL. */
const FILLED = [
  ['tools', 'display_name'],
  ['tools', 'name'],
] as const;

/**
 * Asks the database what a plan depends on besides its schema.
 *
 * @param exact also what only the text of statements depends on, which takes scans of large tables
 */
export async function readPlanFacts(
  db: Connection,
  schema: Schema,
  counts: ReadonlyMap<string, number>,
  exact: boolean,
): Promise<PlanFacts> {
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
  const misses = db.dialect.displayNameMisses();
  const named = columnOf(schema.get('tools'), 'display_name') !== undefined;
  const unusualNames =
    !exact || misses === null || !schema.has('tools')
      ? 0
      : await count(
          db,
          sql`${sql.table('tools')} WHERE (${sql.raw(misses)})${named ? sql` AND display_name IS NULL` : sql``}`,
        );
  const ranges = new Map<string, readonly unknown[]>();
  const rangeSize = exact ? db.dialect.rangeSize : 0;
  for (const { name } of OWNED_TABLES) {
    if (rangeSize > 0 && (counts.get(name) ?? 0) > rangeSize) {
      ranges.set(name, await keyRanges(db, name, rangeSize));
    }
  }
  return {
    nulls: (table, column) => nulls.get(`${table}.${column}`) ?? 0,
    missingFrom: (copy) => missing.get(copy) ?? 0,
    zonedTimes: db.dialect.zonedTimes,
    unusualNames,
    ranges,
  };
}

async function count(db: Connection, from: ReturnType<typeof sql>): Promise<number> {
  const [row] = await db.query<{ n: unknown }>(sql<{ n: unknown }>`SELECT count(*) AS n FROM ${from}`);
  return Number(row?.n ?? 0);
}
