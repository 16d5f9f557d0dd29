import { type RawBuilder, sql } from 'kysely';
import type { Connection } from './connection.ts';

/** SQLite takes no more than 500 in one query. */
const TABLES_PER_QUERY = 400;

/** Rows of each table, whatever it is called: `sql.table` would take a name with a dot apart. */
export async function rowCounts(
  db: Connection,
  tables: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const counted = new Map<string, number>();
  for (let first = 0; first < tables.length; first += TABLES_PER_QUERY) {
    const names = tables.slice(first, first + TABLES_PER_QUERY);
    const counts = names.map(
      (name, i) => sql`SELECT ${sql.lit(i)} AS place, count(*) AS n FROM ${sql.id(name)}`,
    );
    const rows = await db.query<{ place: unknown; n: unknown }>(
      sql<{ place: unknown; n: unknown }>`${sql.join(counts, sql` UNION ALL `)}`,
    );
    for (const { place, n } of rows) counted.set(names[Number(place)] ?? '', Number(n));
  }
  return counted;
}

/**
 * How many rows there are.
 *
 * @param from a table, and which of its rows: what comes behind FROM
 */
export async function countRows(db: Connection, from: RawBuilder<unknown>): Promise<number> {
  const [row] = await db.query<{ n: unknown }>(sql<{ n: unknown }>`SELECT count(*) AS n FROM ${from}`);
  return Number(row?.n ?? 0);
}

/** SQLite takes 500 parts of a UNION at most. */
const AT_ONCE = 100;

/**
 * Reads no row of any of these tables, but waits for each of them as a read does: in a transaction that
 * `beginRead` began, as long as that lets it.
 *
 * @throws whatever the driver throws for the first that is locked, or may not be read
 */
export async function openEveryTable(db: Connection, tables: Iterable<string>): Promise<void> {
  const reads = [...tables].map((name) => `SELECT 1 FROM ${db.dialect.quote(name)} WHERE 1 = 0`);
  for (let first = 0; first < reads.length; first += AT_ONCE) {
    await db.query(sql.raw(reads.slice(first, first + AT_ONCE).join(' UNION ALL ')));
  }
}
