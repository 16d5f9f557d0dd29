import { sql } from 'kysely';
import type { Connection } from './connection.ts';

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
