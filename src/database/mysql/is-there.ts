import { sql } from 'kysely';
import type { Connection } from '../connection.ts';

/** Whether the database has a table of this name. */
export async function isThere(db: Connection, table: string): Promise<boolean> {
  const [there] = await db.query(
    sql`SELECT 1 AS there FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = database() AND TABLE_NAME = ${table}`,
  );
  return there !== undefined;
}
