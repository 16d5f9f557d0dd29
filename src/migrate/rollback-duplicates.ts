import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type Schema, sameColumns } from '../schema/model.ts';

/** Rows that share a value which is unique in v0.6.0, and only per team and owner in v0.7.0. */
export interface Duplicates {
  readonly table: string;
  readonly column: string;
  /** How many values are there more than once. */
  readonly values: number;
  /** How many rows have one of them. */
  readonly rows: number;
  /** Some of the rows, those of one value together. */
  readonly sample: readonly { readonly id: string; readonly value: string }[];
}

/** How many rows are kept for the report; all of them are counted. */
const SAMPLE = 20;

/** Finds the rows that the uniques of v0.6.0 would not allow, where those are not in force already. */
export async function findDuplicates(db: Connection, schema: Schema): Promise<readonly Duplicates[]> {
  const found: Duplicates[] = [];
  for (const { name, scopedUniques } of OWNED_TABLES) {
    for (const column of scopedUniques) {
      const table = schema.get(name);
      if (columnOf(table, column) === undefined) continue;
      if (table?.uniques.some((u) => sameColumns(u.columns, [column]))) continue;
      const duplicates = await duplicatesOf(db, name, column);
      if (duplicates.rows > 0) found.push(duplicates);
    }
  }
  return found;
}

async function duplicatesOf(db: Connection, table: string, column: string): Promise<Duplicates> {
  const shared = sql`SELECT ${sql.ref(column)} AS value, count(*) AS n FROM ${sql.table(table)}
    WHERE ${sql.ref(column)} IS NOT NULL GROUP BY ${sql.ref(column)} HAVING count(*) > 1`;
  const [counts] = await db.query<{ shared: unknown; total: unknown }>(
    sql<{ shared: unknown; total: unknown }>`SELECT count(*) AS shared, sum(d.n) AS total FROM (${shared}) d`,
  );
  const rows = Number(counts?.total ?? 0);
  const sample =
    rows === 0
      ? []
      : await db.query<{ id: unknown; value: unknown }>(sql<{ id: unknown; value: unknown }>`
          SELECT t.id AS id, ${sql.ref(`t.${column}`)} AS value FROM ${sql.table(table)} t
          JOIN (${shared}) d ON d.value = ${sql.ref(`t.${column}`)}
          ORDER BY d.value, t.id LIMIT ${sql.lit(SAMPLE)}`);
  return {
    table,
    column,
    values: Number(counts?.shared ?? 0),
    rows,
    sample: sample.map(({ id, value }) => ({ id: String(id), value: String(value) })),
  };
}
