import type { Connection } from '../database/connection.ts';
import { openEveryTable } from '../database/row-counts.ts';
import type { Schema } from '../schema/model.ts';
import { TIMING } from '../timing.ts';

/**
 * Reads a database at one moment, before a backup or a restore that no run has locked it for; each of its tables
 * was opened before.
 *
 * @param tableWaitMs how long a table that somebody has locked is waited for
 * @throws GatewayError BUSY, which names who has locked a table
 */
export async function readBeforeBackup<T>(
  db: Connection,
  read: (schema: Schema) => Promise<T>,
  tableWaitMs = TIMING.backupTableMs,
): Promise<T> {
  await db.dialect.beginRead(db, tableWaitMs);
  const schema = await db.dialect.readSchema(db);
  await openEveryTable(db, schema.keys());
  const result = await read(schema);
  await db.dialect.endRead(db);
  return result;
}
