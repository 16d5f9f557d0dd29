import { sql } from 'kysely';
import type { Connection } from './connection.ts';

/** Rows of each table, in one query. */
export async function rowCounts(
  db: Connection,
  tables: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (tables.length === 0) return new Map();
  const counts = tables.map(
    (name) => sql`SELECT ${sql.lit(name)} AS name, count(*) AS n FROM ${sql.table(name)}`,
  );
  const rows = await db.query<{ name: string; n: unknown }>(
    sql<{ name: string; n: unknown }>`${sql.join(counts, sql` UNION ALL `)}`,
  );
  return new Map(rows.map((row) => [row.name, Number(row.n)]));
}
