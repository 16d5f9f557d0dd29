import { sql } from 'kysely';
import type { Dialect } from '../dialect.ts';
import { likePattern } from '../like-pattern.ts';
import { rowValues, type ValueColumn } from '../row-values.ts';
import { statement } from '../statement.ts';
import {
  changePostgresqlTable,
  createPostgresqlTable,
  DISPLAY_NAME_MISSES,
  literalPostgresql,
  quotePostgresql,
} from './ddl.ts';
import { translatePostgresqlError } from './errors.ts';
import { readPostgresqlSchema } from './introspect.ts';
import {
  beginPostgresqlRead,
  beginPostgresqlRun,
  boundedPostgresqlQuery,
  lockPostgresqlTables,
  postgresqlReadBlocker,
} from './locks.ts';
import { missingPostgresqlAccess, missingPostgresqlPrivileges } from './privileges.ts';
import { keepPostgresqlColumns, POSTGRESQL_SITE } from './site-objects.ts';
import { POSTGRESQL_THINGS } from './things.ts';

/** The oldest version the tests run on. */
const OLDEST = 13;

/** Types whose values the driver gives as they are. */
const AS_THEY_ARE = /^(integer|boolean|double precision|real)$/;

const readPostgresql = ({ name, kind, type }: ValueColumn): string => {
  const v = quotePostgresql(name);
  if (kind === 'blob') return `encode(${v}, 'hex')`;
  return AS_THEY_ARE.test(type) ? v : `${v}::text`;
};

const POSTGRESQL_VALUES = rowValues({
  read: readPostgresql,
  together: (columns) => `json_build_array(${columns.map(readPostgresql).join(', ')})::text`,
  time: (date, time, fraction) => `${date} ${time}.${fraction}Z`,
  fraction: ({ type }) => Number(/\((\d)\)/.exec(type)?.[1] ?? 6),
  boolean: (value) => value,
});

/** @param user the role in whose name the session works */
export const postgresqlDialect = (version: string, user: string | undefined): Dialect => ({
  name: 'postgresql',
  transactionalDdl: true,
  exclusive: true,
  zonedTimes: true,
  unboundedStrings: true,
  jsonIsText: false,
  lastRelease: null,
  ranges: null,
  readSchema: readPostgresqlSchema,
  things: POSTGRESQL_THINGS,
  translateError: (error) => translatePostgresqlError(error, user),
  values: POSTGRESQL_VALUES,

  server: {
    product: 'PostgreSQL',
    version,
    unsupported: Number.parseInt(version, 10) < OLDEST ? `PostgreSQL ${OLDEST} or later is needed` : null,
  },

  unreadable({ name, kind }) {
    const v = quotePostgresql(name);
    if (kind !== 'datetime' && kind !== 'naive-datetime') return null;
    const years = `${v} < '0001-01-01' OR ${v} >= '10000-01-01'`;
    return { is: `isfinite(${v}) AND (${years})`, mended: null };
  },
  exactly: (text) => text,
  glob: (value, pattern) => sql`CAST(${sql.raw(value)} AS text) LIKE ${likePattern(pattern)} ESCAPE '!'`,

  quote: quotePostgresql,
  literal: literalPostgresql,
  timestamp: (moment) => moment.toISOString(),
  boolean: (value) => value,

  createTable: createPostgresqlTable,
  changeTable: changePostgresqlTable,
  dropTable: (name) => ({
    ...statement(`DROP TABLE ${quotePostgresql(name)}`),
    effect: { table: name, kind: 'drop' },
  }),
  displayNameMisses: () => DISPLAY_NAME_MISSES,
  pagedUpdate(table, key, column) {
    const [t, k, c] = [table, key.name, column].map(quotePostgresql);
    return `UPDATE ${t} SET ${c} = v.value FROM json_to_recordset($1::json) AS v(id text, value text) WHERE ${t}.${k}::text = v.id`;
  },

  kept: () => '',
  countOn(table, key) {
    const sequence = `pg_get_serial_sequence(${literalPostgresql(quotePostgresql(table))}, ${literalPostgresql(key)})`;
    const highest = `(SELECT max(${quotePostgresql(key)}) FROM ${quotePostgresql(table)})`;
    return [statement(`SELECT setval(${sequence}, greatest(nextval(${sequence}), ${highest}))`)];
  },
  keepColumns: keepPostgresqlColumns,
  siteObjects: POSTGRESQL_SITE,
  unseenTriggers: async () => null,

  missingPrivileges: missingPostgresqlPrivileges,
  missingAccess: missingPostgresqlAccess,

  beginRun: beginPostgresqlRun,
  async endRun(db, commit) {
    await db.run(statement(commit ? 'COMMIT' : 'ROLLBACK'));
  },
  lockTables: lockPostgresqlTables,
  locks: {
    whole: null,
    changed: () => 'ACCESS EXCLUSIVE',
    others: { lock: 'SHARE', why: 'nobody writes until the commit, so that row counts can be compared' },
    written: 'SHARE',
    replaced: {
      table: null,
      lock: 'SHARE ROW EXCLUSIVE, then ACCESS EXCLUSIVE',
      why: 'nobody writes while the present state is backed up; from the first DROP to the commit nobody reads either',
    },
  },
  beginRead: beginPostgresqlRead,
  async endRead(db) {
    await db.run(statement('ROLLBACK'));
  },
  boundedQuery: boundedPostgresqlQuery,
  unfinishedRestore: async () => null,
  readBlocker: postgresqlReadBlocker,
  writeWait: (milliseconds) => statement(`SET lock_timeout = ${milliseconds}`),
  // PostgreSQL has no check of its own that a client may run without an extension.
  integrityProblems: async () => null,
});
