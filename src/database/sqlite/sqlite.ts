import { sql } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { rowValues, type ValueColumn } from '../row-values.ts';
import { GATEWAY_LIST } from '../site-object.ts';
import { type KeepColumns, statement } from '../statement.ts';
import { changeSqliteTable, createSqliteTable } from './ddl.ts';
import { translateSqliteError } from './errors.ts';
import type { SqliteFile } from './file.ts';
import { readSqliteSchema } from './introspect.ts';
import { beginSqliteRun } from './locks.ts';
import { writeLockHolder } from './processes.ts';
import { refuseDamaged, refuseUnwritable } from './refusals.ts';
import { quoteName } from './table-sql.ts';
import { SQLITE_THINGS } from './things.ts';
import { sqliteUnreadable } from './unreadable.ts';

const WHOLE_FILE = 'the whole file';
const MOST_TRIES = 5;
const FILE_LOCK = 'the file’s';

/** A trigger that only this connection has, by which an UPDATE of these columns does nothing: only triggers do one. */
function keepSqliteColumns(table: string, columns: readonly string[]): KeepColumns {
  const name = quoteName(`mcpgw_keep_${table}`);
  return {
    on: [
      statement(
        `CREATE TEMP TRIGGER ${name} BEFORE UPDATE OF ${columns.map(quoteName).join(', ')} ON main.${quoteName(table)} BEGIN SELECT RAISE(IGNORE); END`,
      ),
    ],
    off: [statement(`DROP TRIGGER temp.${name}`)],
  };
}

/** See `readSiteObjects`. Names are the same in any case here; the gateway's are in lower case. */
const SQLITE_SITE: readonly string[] = [
  `SELECT type AS kind, type || ' ' || name || CASE type WHEN 'trigger' THEN ' on ' || tbl_name ELSE '' END AS name,
     CASE type WHEN 'trigger' THEN lower(tbl_name) END AS about, sql AS text, type = 'trigger' AS touches,
     'DROP ' || upper(type) || ' "' || replace(name, '"', '""') || '"' AS "drop"
   FROM sqlite_schema WHERE type IN ('trigger', 'view')`,
  `SELECT 'foreign key' AS kind, 'foreign key of ' || m.name AS name, lower(f."table") AS about, m.name AS "of",
     lower(group_concat(coalesce(f."to", ''))) AS "columns"
   FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
   WHERE m.type = 'table' AND lower(f."table") IN (${GATEWAY_LIST}) GROUP BY m.name, f.id`,
  `SELECT 'generated column' AS kind, 'generated column ' || m.name || '.' || c.name AS name, m.name AS about
   FROM sqlite_schema m, pragma_table_xinfo(m.name) c
   WHERE m.type = 'table' AND m.name IN (${GATEWAY_LIST}) AND c.hidden IN (2, 3)`,
];

/** Whole numbers that JavaScript's cannot hold are read as texts. */
function readSqlite({ name, kind }: ValueColumn): string {
  const v = quoteName(name);
  if (kind === 'blob') return `CASE WHEN ${v} IS NOT NULL THEN hex(${v}) END`;
  if (kind !== 'integer' && kind !== 'bigint' && kind !== 'json') return v;
  const most = Number.MAX_SAFE_INTEGER;
  return `CASE WHEN typeof(${v}) = 'integer' AND ${v} NOT BETWEEN -${most} AND ${most} THEN CAST(${v} AS TEXT) ELSE ${v} END`;
}

const SQLITE_VALUES = rowValues({
  read: readSqlite,
  together: (columns) => `json_array(${columns.map(readSqlite).join(', ')})`,
  time: (date, time, fraction) => `${date} ${time}.${fraction}`,
  fraction: () => 6,
  boolean: (value) => (value ? 1 : 0),
});

/**
 * @param version of the library that is built in
 * @param path of the file, for errors
 * @param file that is open
 */
export const sqliteDialect = (version: string, path: string, file: SqliteFile): Dialect => ({
  name: 'sqlite',
  transactionalDdl: true,
  exclusive: true,
  zonedTimes: false,
  unboundedStrings: true,
  jsonIsText: true,
  lastRelease: null,
  ranges: null,
  readSchema: readSqliteSchema,
  things: SQLITE_THINGS,
  translateError: (error) => translateSqliteError(error, path),
  values: SQLITE_VALUES,

  server: { product: 'SQLite', version, unsupported: null },

  unreadable: sqliteUnreadable,
  exactly: (text) => text,
  glob: (value, pattern) => sql`${sql.raw(value)} GLOB ${pattern.replaceAll('[', '[[]')}`,

  quote: quoteName,
  literal: (value) => (value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`),
  timestamp: (moment) => `${moment.toISOString().slice(0, 23).replace('T', ' ')}000`,
  boolean: (value) => (value ? 1 : 0),

  createTable: createSqliteTable,
  changeTable: changeSqliteTable,
  dropTable: (name) => ({
    ...statement(`DROP TABLE ${quoteName(name)}`),
    effect: { table: name, kind: 'drop' },
  }),
  displayNameMisses: () => null,
  pagedUpdate() {
    throw new Error('SQLite computes display names itself');
  },

  kept: () => '',
  countOn: () => [],
  keepColumns: keepSqliteColumns,
  siteObjects: SQLITE_SITE,
  unseenTriggers: async () => null,

  // `beginRun` finds out whether the file can be written, before anything is.
  missingPrivileges: async () => [],
  missingAccess: async () => [],

  async beginRun(db, lock) {
    for (let tries = 1; ; tries++) {
      await beginSqliteRun(db, lock, { file, path });
      if (lock.peek === true) return;
      try {
        await refuseUnwritable(db);
        await refuseDamaged(db, path);
        return;
      } catch (error) {
        // A file that a restore takes away in this moment has not its journal any more.
        const isPassing = file.isReplaced() || translateSqliteError(error)?.code === 'BUSY';
        await db.run(statement('ROLLBACK')).catch(() => {});
        file.close();
        if (!isPassing || tries === MOST_TRIES) throw error;
      }
    }
  },
  async endRun(db, commit) {
    await db.run(statement(commit ? 'COMMIT' : 'ROLLBACK'));
  },
  // The write lock of `beginRun` is on the whole database.
  async lockTables() {},
  locks: {
    whole: {
      table: WHOLE_FILE,
      lock: 'write lock (BEGIN IMMEDIATE)',
      why: 'from the first statement to the commit nobody else writes; others read until the commit',
    },
    changed: () => FILE_LOCK,
    others: null,
    written: FILE_LOCK,
    replaced: {
      table: WHOLE_FILE,
      lock: 'exclusive lock (BEGIN EXCLUSIVE)',
      why: 'nobody else may have the database open until the restored file is in its place',
    },
  },
  async beginRead(db, tableWaitMs) {
    if (file.isReplaced()) file.close();
    if (tableWaitMs !== undefined) await db.run(statement(`PRAGMA busy_timeout = ${tableWaitMs}`));
    file.configure();
    await db.run(statement('BEGIN'));
  },
  async endRead(db) {
    await db.run(statement('ROLLBACK'));
  },
  // The connection has its busy_timeout.
  boundedQuery: (query) => query,
  unfinishedRestore: async () => null,
  readBlocker: async () => writeLockHolder(path),
  writeWait: (milliseconds) => statement(`PRAGMA busy_timeout = ${milliseconds}`),
  async integrityProblems(db) {
    const rows = await db.query<{ integrity_check: string }>(sql`PRAGMA integrity_check`);
    return rows.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  },
});
