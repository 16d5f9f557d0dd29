import { sql } from 'kysely';
import type { Connection } from '../../src/database/connection.ts';

/** Every row of every table, as text and in an order of its own, to tell what a repair changed. */
export async function allRows(db: Connection): Promise<Record<string, readonly string[]>> {
  const schema = await db.dialect.readSchema(db);
  const tables: Record<string, readonly string[]> = {};
  for (const name of [...schema.keys()].toSorted()) {
    const rows = await db.query<Record<string, unknown>>(sql`SELECT * FROM ${sql.id(name)}`);
    tables[name] = rows
      .map((row) => JSON.stringify(Object.fromEntries(Object.entries(row).toSorted())))
      .toSorted();
  }
  return tables;
}
