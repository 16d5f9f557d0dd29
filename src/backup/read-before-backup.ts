import type { Connection } from '../database/connection.ts';
import { openEveryTable } from '../database/open-every-table.ts';
import { type Release, releaseOf } from '../migrate/read-release.ts';

/** The gateway holds no table for so long, and client programs would wait without a word. */
const TABLE_WAIT_MS = 15_000;

/**
 * What a database is at, read before a backup that no run has locked it for; and whether its tables can be read.
 *
 * @throws GatewayError BUSY, which names who has locked a table
 */
export async function readBeforeBackup(db: Connection): Promise<Release> {
  await db.dialect.beginRead(db, TABLE_WAIT_MS);
  const schema = await db.dialect.readSchema(db);
  await openEveryTable(db, schema.keys());
  const release = await releaseOf(db, schema);
  await db.dialect.endRead(db);
  return release;
}
