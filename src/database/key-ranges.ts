import { sql } from 'kysely';
import type { Connection } from './connection.ts';
import type { Statement } from './statement.ts';

/**
 * The last key of every `size` rows of a table in the order of its `id`: the bounds of ranges that a large
 * update is done in, so that no single one locks and logs the whole table.
 */
export async function keyRanges(db: Connection, table: string, size: number): Promise<readonly unknown[]> {
  const rows = await db.query<{ id: unknown }>(sql`
    SELECT r.id AS id FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM ${sql.table(table)}) r
    WHERE r.place % ${sql.lit(size)} = 0 ORDER BY r.id`);
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
