import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import type { Connection } from '../connection.ts';
import type { Dialect, RunLock } from '../dialect.ts';
import { statement } from '../statement.ts';
import { changeSqliteTable, createSqliteTable } from './ddl.ts';
import { translateSqliteError } from './errors.ts';
import { readSqliteSchema } from './introspect.ts';
import { quoteName } from './table-sql.ts';

/** How often to ask again for the write lock. */
const LOCK_POLL_MS = 100;

/** @param version of the library that is built in */
export const sqliteDialect = (version: string): Dialect => ({
  name: 'sqlite',
  transactionalDdl: true,
  exclusive: true,
  zonedTimes: false,
  unboundedStrings: true,
  jsonIsText: true,
  rangeSize: 0,
  readSchema: readSqliteSchema,
  translateError: (error) => translateSqliteError(error),

  server: { product: 'SQLite', version, unsupported: null },

  quote: quoteName,
  literal: (value) => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`),
  timestamp: (moment) => `${moment.toISOString().slice(0, 23).replace('T', ' ')}000`,
  boolean: (value) => (value ? 1 : 0),

  createTable: createSqliteTable,
  changeTable: changeSqliteTable,
  dropTable: (name) => statement(`DROP TABLE ${quoteName(name)}`),
  displayNameMisses: () => null,
  pagedUpdate() {
    throw new Error('SQLite computes display names itself');
  },

  // The write lock shows whether the file can be written, before anything is.
  missingPrivileges: async () => [],

  beginRun: takeWriteLock,
  async endRun(db, commit) {
    await db.run(statement(commit ? 'COMMIT' : 'ROLLBACK'));
  },
  // The write lock of `beginRun` is on the whole database.
  async lockTables() {},
  async beginRead(db) {
    await db.run(statement('BEGIN'));
  },
  async endRead(db) {
    await db.run(statement('ROLLBACK'));
  },
  async integrityProblems(db) {
    const rows = await db.query<{ integrity_check: string }>(sql`PRAGMA integrity_check`);
    return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  },
});

/** BEGIN IMMEDIATE takes the one write lock; it is asked for until it is free or the time is up. */
async function takeWriteLock(db: Connection, lock: RunLock): Promise<void> {
  const deadline = Date.now() + lock.timeoutMs;
  await db.run(statement('PRAGMA busy_timeout = 0'));
  for (let first = true; ; first = false) {
    try {
      await db.run(statement('BEGIN IMMEDIATE'));
      return;
    } catch (error) {
      const translated = translateSqliteError(error);
      if (translated?.code !== 'BUSY') throw error;
      if (first) lock.onWait('another process that writes to the database');
      if (Date.now() >= deadline) {
        throw new GatewayError(
          'BUSY',
          `The database is locked by another process that writes to it, and was still so after ${Math.round(lock.timeoutMs / 1000)} s.`,
          {
            hint: 'Stop the gateway or wait for the other run, then run the command again. Nothing was changed.',
            cause: error,
          },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
  }
}
