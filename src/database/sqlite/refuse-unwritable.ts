import { sql } from 'kysely';
import type { Connection } from '../connection.ts';
import { statement } from '../statement.ts';

/**
 * Finds out, inside the transaction of a run, whether the file and its folder can be written: BEGIN IMMEDIATE
 * succeeds even where they cannot. A header field that keeps its value makes SQLite open its journal, and leaves
 * nothing behind.
 *
 * @throws the driver's own error, which `translateSqliteError` knows
 */
export async function refuseUnwritable(db: Connection): Promise<void> {
  const [row] = await db.query<{ user_version: number }>(sql`PRAGMA user_version`);
  await db.run(statement(`PRAGMA user_version = ${row?.user_version ?? 0}`));
}
