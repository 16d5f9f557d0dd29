import type { Database } from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { openFile } from '../../src/database/sqlite/driver.ts';
import type { TestDialect } from './database-kinds.ts';

type Row = readonly unknown[];

/**
 * Runs SQL through the driver on a connection of its own, beside whatever the tool under test has open, and
 * returns the rows of the last statement as text (see TestDatabase.query).
 */
export async function runSql(dialect: TestDialect, url: string, sql: string): Promise<string> {
  const rows = await RUN[dialect](url, sql);
  return rows
    .map((row) => row.map((value) => (value === null ? 'NULL' : String(value))).join('\t'))
    .join('\n');
}

const RUN: Readonly<Record<TestDialect, (url: string, sql: string) => Promise<readonly Row[]>>> = {
  async sqlite(url, sql) {
    const database = openFile(url.slice('sqlite:///'.length), { fileMustExist: true });
    try {
      return runOnSqlite(database, sql);
    } finally {
      database.close();
    }
  },

  async postgresql(url, sql) {
    const types = { getTypeParser: () => (value: string) => value };
    const client = new pg.Client({ connectionString: url, types: types as unknown as pg.CustomTypesConfig });
    await client.connect();
    try {
      const result = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
      // Several statements give several results, which the types do not know.
      const last = [result].flat().at(-1);
      return last?.rows ?? [];
    } finally {
      await client.end();
    }
  },

  async mysql(url, sql) {
    const connection = await createConnection({
      uri: url,
      charset: 'utf8mb4',
      multipleStatements: true,
      rowsAsArray: true,
      typeCast: (field) => field.string(),
    });
    try {
      const [result, fields]: [unknown, unknown] = await connection.query(sql);
      // Several statements give a list of fields for each one that has rows, and undefined for the others.
      const several =
        Array.isArray(fields) && fields.some((field) => field === undefined || Array.isArray(field));
      const last: unknown = several && Array.isArray(result) ? result.at(-1) : result;
      return Array.isArray(last) ? (last as Row[]) : [];
    } finally {
      await connection.end();
    }
  },
};

/** better-sqlite3 prepares one statement, and executes many without rows. */
function runOnSqlite(database: Database, sql: string): readonly Row[] {
  try {
    const statement = database.prepare(sql);
    if (statement.reader) return statement.raw().all() as Row[];
    statement.run();
  } catch (error) {
    if (!(error instanceof RangeError) || !error.message.includes('more than one statement')) throw error;
    database.exec(sql);
  }
  return [];
}
