import { sql } from 'kysely';
import { RESTORE_TABLE } from '../../schema/gateway-tables.ts';
import type { Connection } from '../connection.ts';
import type { UnfinishedRestore } from '../dialect.ts';
import { statement } from '../statement.ts';
import { thisProcess } from '../this-process.ts';
import { isThere } from './introspect.ts';

/**
 * A restore cannot be taken back here, so its row lies in the database from before the first table is dropped
 * until the rows were compared: whatever happens in between, nobody takes half a database for a whole one. The
 * table alone says nothing.
 */
const TABLE = sql.table(RESTORE_TABLE);

export const CREATE_MARKER =
  `CREATE TABLE IF NOT EXISTS ${RESTORE_TABLE} (id INT NOT NULL PRIMARY KEY, backup TEXT NOT NULL, ` +
  'safety TEXT NULL, since VARCHAR(32) NOT NULL, `by` VARCHAR(255) NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4';
export const DROP_MARKER = `DROP TABLE ${RESTORE_TABLE}`;

export async function unfinishedRestore(db: Connection): Promise<UnfinishedRestore | null> {
  if (!(await isThere(db, RESTORE_TABLE))) return null;
  const [row] = await db.query<UnfinishedRestore>(
    sql`SELECT backup, safety, since, ${sql.ref('by')} FROM ${TABLE}`,
  );
  return row ?? null;
}

/** Says that the restore has begun; another row that is there is of one that it takes the place of. */
export async function markRestore(
  db: Connection,
  { backup, safety }: Pick<UnfinishedRestore, 'backup' | 'safety'>,
): Promise<void> {
  const values = sql.join([1, backup, safety, new Date().toISOString(), thisProcess()]);
  await db.run(db.compile(sql`REPLACE INTO ${TABLE} VALUES (${values})`));
}

export async function unmarkRestore(db: Connection): Promise<void> {
  await db.run(statement(DROP_MARKER));
}
