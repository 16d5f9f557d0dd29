import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';
import type { Schema } from '../../schema/model.ts';

/** Stands for a value that is lost and must be there. */
const LOST = "'…'";

/**
 * A statement that brings one row of a salvage back into its table, as an example of how it is done. It shows none
 * of its values.
 *
 * @param setAside the table that keeps such rows
 * @returns with `'…'` for each value that is lost and must be there; null where no row is known to be of one table
 */
export async function bringBack(db: Connection, schema: Schema, setAside: string): Promise<string | null> {
  const names = [...schema.keys()].map((name) => sql.lit(name));
  const [row] = await db.query<Readonly<Record<string, unknown>>>(sql`
    SELECT * FROM ${sql.table(setAside)} WHERE "row" IS NOT NULL AND "table" IN (${sql.join(names)})
    ORDER BY page IS NULL, fields DESC, "table", "row" LIMIT 1`);
  const name = String(row?.table);
  const table = schema.get(name);
  if (row === undefined || table === undefined) return null;
  const { quote, literal } = db.dialect;
  const columns = table.columns.slice(0, Number(row.fields));
  const values = columns.map(({ autoincrement, nullable }, i) => {
    // A key that is the rowid is not stored a second time.
    if (autoincrement) return '"row"';
    return row[`c${i}`] === null && !nullable ? LOST : `c${i}`;
  });
  return (
    `INSERT INTO ${quote(name)} (${columns.map((column) => quote(column.name)).join(', ')}) ` +
    `SELECT ${values.join(', ')} FROM ${quote(setAside)} ` +
    `WHERE "table" = ${literal(name)} AND "row" = ${Number(row.row)};`
  );
}
