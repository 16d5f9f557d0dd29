import { sql } from 'kysely';
import type { Column, ColumnKind } from '../../schema/model.ts';
import type { Dialect, Unreadable } from '../dialect.ts';
import { likePattern } from '../like-pattern.ts';
import { rowValues } from '../row-values.ts';
import { statement } from '../statement.ts';
import {
  changeMysqlTable,
  createMysqlTable,
  DISPLAY_NAME_MISSES,
  keptMysql,
  literalMysql,
  type MysqlFlavor,
  quoteMysql,
} from './ddl.ts';
import { translateMysqlError } from './errors.ts';
import { type MysqlColumn, readMysqlSchema } from './introspect.ts';
import { beginMysqlRead, beginMysqlRun, boundedMysqlQuery, endMysqlRun, lockMysqlTables } from './locks.ts';
import { missingMysqlAccess, missingMysqlPrivileges, unseenMysqlTriggers } from './privileges.ts';
import { mysqlReadBlocker } from './read-blocker.ts';
import { unfinishedRestore } from './restore-marker.ts';
import { keepMysqlColumns, MYSQL_SITE } from './site-objects.ts';
import { mysqlThings } from './things.ts';

/** The oldest versions with what we need: functional key parts, checks, instant columns. */
const OLDEST = { mysql: [8, 0, 13], mariadb: [10, 6, 0] } as const;

/** The first MySQL that drops columns without copying the table. */
const INSTANT_DROP = [8, 0, 29];

/** Whether `version` is before `oldest`, part by part. */
function isOlder(version: string, oldest: readonly number[]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [i, wanted] of oldest.entries()) {
    const part = parts[i] ?? 0;
    if (part !== wanted) return part < wanted;
  }
  return false;
}

/** The driver parses JSON, also MariaDB’s, and the server rounds what is a FLOAT when it makes a text of it. */
const MYSQL_VALUES = rowValues({
  read({ name, kind, type }) {
    const v = quoteMysql(name);
    if (kind === 'json' || type === 'json') return `CAST(${v} AS CHAR)`;
    return type.startsWith('float') ? `${v} + 0e0` : v;
  },
  // What is longer than max_allowed_packet would be NULL.
  together: null,
  time: (date, time, fraction) => `${date} ${time}.${fraction}`,
  fraction: ({ type }) => Number(/\((\d)\)/.exec(type)?.[1] ?? 0),
  boolean: (value) => (value ? 1 : 0),
});

export function mysqlDialect(version: string, found: MysqlFlavor): Dialect {
  const flavor = {
    ...found,
    copiesToDropColumns: !found.mariadb && isOlder(version, INSTANT_DROP),
  };
  const oldest = flavor.mariadb ? OLDEST.mariadb : OLDEST.mysql;
  const product = flavor.mariadb ? 'MariaDB' : 'MySQL';
  return {
    name: 'mysql',
    // Every schema change commits by itself.
    transactionalDdl: false,
    exclusive: false,
    zonedTimes: false,
    unboundedStrings: false,
    jsonIsText: true,
    lastRelease: 'v0.7.0',
    ranges: { size: 10_000, hash: (key) => `crc32(${quoteMysql(key)})` },
    server: {
      product,
      version: version.split('-')[0] ?? version,
      unsupported: isOlder(version, oldest) ? `${product} ${oldest.join('.')} or later is needed` : null,
    },
    readSchema: (db) => readMysqlSchema(db, flavor.mariadb),
    things: mysqlThings(flavor.mariadb),
    translateError: translateMysqlError,
    values: MYSQL_VALUES,

    unreadable: mysqlUnreadable,
    exactly: (text) => `CAST(${text} AS BINARY)`,
    glob: (value, pattern) =>
      sql`CONVERT(CAST(${sql.raw(value)} AS CHAR) USING utf8mb4) COLLATE utf8mb4_bin LIKE ${likePattern(pattern)} ESCAPE '!'`,

    quote: quoteMysql,
    literal: literalMysql,
    timestamp: (moment) => moment.toISOString().slice(0, 19).replace('T', ' '),
    boolean: (value) => (value ? 1 : 0),

    createTable: (table, schema) => createMysqlTable(table, schema, flavor),
    changeTable: (table, changes, schema) => changeMysqlTable(table, changes, schema, flavor),
    dropTable: (name) => ({
      ...statement(`DROP TABLE ${quoteMysql(name)}`),
      effect: { table: name, kind: 'drop' },
    }),
    displayNameMisses: () => DISPLAY_NAME_MISSES,
    pagedUpdate(table, key, column) {
      const [t, k, c] = [table, key.name, column].map(quoteMysql);
      // Texts of two collations do not compare, and JSON_TABLE's have that of the connection.
      const same =
        key.collation === null
          ? 'v.id'
          : `CONVERT(v.id USING ${key.collation.split('_')[0]}) COLLATE ${key.collation}`;
      return (
        `UPDATE ${t} JOIN JSON_TABLE(?, '$[*]' COLUMNS (id VARCHAR(255) PATH '$.id', value TEXT PATH '$.value')) v ` +
        `ON ${t}.${k} = ${same} SET ${t}.${c} = v.value${keptMysql(flavor, table)}`
      );
    },

    countOn: () => [],
    kept: (table) => keptMysql(flavor, table),
    keepColumns: keepMysqlColumns,
    siteObjects: MYSQL_SITE,
    // MariaDB tells everybody that they are there.
    unseenTriggers: flavor.mariadb ? async () => null : unseenMysqlTriggers,

    missingPrivileges: missingMysqlPrivileges,
    missingAccess: missingMysqlAccess,

    beginRun: beginMysqlRun,
    endRun: endMysqlRun,
    lockTables: lockMysqlTables,
    locks: {
      whole: null,
      changed: (kinds) =>
        kinds.has('rebuild')
          ? 'metadata lock, per ALTER; writes may wait while rows are copied'
          : 'metadata lock, at the start and the end of each ALTER',
      others: null,
      written: 'row locks, until each statement is done',
      writtenOnly: 'row locks, until the commit',
      replaced: {
        table: null,
        lock: 'metadata lock, per DROP and CREATE; LOCK TABLES … WRITE while it is filled',
        why: 'they are missing or half full until the restore is done: stop the gateway first',
      },
    },
    beginRead: beginMysqlRead,
    async endRead(db) {
      await db.run(statement('ROLLBACK'));
    },
    boundedQuery: (query, waitMs) => boundedMysqlQuery(query, waitMs, flavor.mariadb),
    unfinishedRestore,
    readBlocker: mysqlReadBlocker,
    // Whole seconds, from 1.
    writeWait: (milliseconds) =>
      statement(`SET SESSION innodb_lock_wait_timeout = ${Math.max(1, Math.ceil(milliseconds / 1000))}`),
    // InnoDB has no check of data against itself that reads only.
    integrityProblems: async () => null,
  };
}

/** See `Dialect.unreadable`: dates without a month or a day, and JSON in a column that is not held to it. */
export function mysqlUnreadable(column: Column, kind: ColumnKind): Unreadable | null {
  const v = quoteMysql(column.name);
  if (column.kind === 'datetime') {
    return { is: `year(${v}) = 0 OR month(${v}) = 0 OR dayofmonth(${v}) = 0`, mended: null };
  }
  const { attributes = '' } = column as Partial<MysqlColumn>;
  const isHeld = column.type === 'json' || attributes.includes('json_valid');
  return kind === 'json' && !isHeld ? { is: `NOT json_valid(${v})`, mended: null } : null;
}
