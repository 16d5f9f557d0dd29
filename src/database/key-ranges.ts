import { sql } from 'kysely';
import type { Connection } from './connection.ts';
import type { KeyRanges } from './dialect.ts';
import type { Statement } from './statement.ts';

/** How many of the keys in a range are looked at to find where it ends: enough for a tenth more or less. */
const SAMPLED = 100;

/**
 * Bounds, in the order of its `id`, that part a table into ranges of about one size: those that a large update
 * is done in, so that no single one locks and logs the whole table. They are found in a sample, which any index
 * gives, since to count the rows themselves would be to read the table.
 */
export async function keyRanges(
  db: Connection,
  table: string,
  { size, hash }: KeyRanges,
): Promise<readonly unknown[]> {
  const rows = await db.query<{ id: unknown }>(sql`
    SELECT r.id AS id FROM (
      SELECT id, row_number() OVER (ORDER BY id) AS place FROM ${sql.table(table)}
      WHERE ${sql.raw(hash('id'))} % ${sql.lit(size / SAMPLED)} = 0) r
    WHERE r.place % ${sql.lit(SAMPLED)} = 0 ORDER BY r.id`);
  return rows.map((row) => row.id);
}

/** The statement once per range; as it is when there is only one. Its text must end in a WHERE clause. */
export function inRanges(db: Connection, statement: Statement, bounds: readonly unknown[]): Statement[] {
  if (bounds.length === 0) return [statement];
  const id = db.dialect.quote('id');
  const range = (condition: string, parameters: readonly unknown[]): Statement => ({
    ...statement,
    sql: `${statement.sql} AND ${condition}`,
    parameters: [...statement.parameters, ...parameters],
  });
  return [...bounds, null].map((to, i) => {
    const from = i === 0 ? null : bounds[i - 1];
    if (from === null) return range(`${id} <= ?`, [to]);
    if (to === null) return range(`${id} > ?`, [from]);
    return range(`${id} > ? AND ${id} <= ?`, [from, to]);
  });
}
