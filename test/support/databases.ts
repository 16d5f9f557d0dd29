import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { describe } from 'vitest';
import {
  adminUrl,
  DATABASES,
  type DatabaseId,
  type DatabaseKind,
  EVERY_VERSION,
  type TestDialect,
} from './database-kinds.ts';
import { loadSql } from './load-sql.ts';
import { type NativeClient, nativeClient } from './native-client.ts';
import { runSql } from './run-sql.ts';

export { DATABASES, EVERY_VERSION } from './database-kinds.ts';

/** A database of its own for one test, empty at first. */
export interface TestDatabase {
  readonly id: DatabaseId;
  readonly dialect: TestDialect;
  /** SQLAlchemy URL, password included: what goes into DATABASE_URL. */
  readonly url: string;
  /** The database's name; on SQLite the absolute path of its file. */
  readonly name: string;
  /** The dialect's own client, connected to this database; undefined when this machine has none that fits. */
  readonly client: NativeClient | undefined;
  /** Runs a file of SQL, through the native client where there is one, else through the driver. */
  load(sqlFile: string): Promise<void>;
  /**
   * Runs SQL and returns the rows of its last statement: a line each, columns separated by tabs, no header,
   * values as the database writes them as text, `NULL` for null, '' for no rows. On SQLite a statement gives
   * rows only when it comes alone.
   */
  query(sql: string): Promise<string>;
  /** Removes it, closing connections that are still open where the server allows. */
  drop(): Promise<void>;
}

/** A database that is to be copied; see `copyOf`. */
export interface Template {
  readonly dialect: TestDialect;
  readonly url: string;
  /** As of a TestDatabase. */
  readonly name: string;
  /** What copies it into an empty database, where the server cannot do that by itself. */
  readonly script: string;
}

/**
 * @param template what is in it; nothing by default
 * @throws Error when the database is not available in this run; ask `EVERY_VERSION` or use describeEachDatabase
 */
export async function createDatabase(id: DatabaseId, template?: Template): Promise<TestDatabase> {
  const kind = EVERY_VERSION.find((database) => database.id === id);
  if (kind === undefined || !kind.available) {
    throw new Error(
      `${id} is not available: run the tests with npm test, or set TEST_${id.toUpperCase()}_URL`,
    );
  }
  return kind.dialect === 'sqlite' ? createFile(template) : createOnServer(id, kind.dialect, template);
}

function createFile(template?: Template): TestDatabase {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  const path = join(folder, 'mcp.db');
  if (template !== undefined) copyFileSync(template.name, path);
  else makeFile(path);
  return testDatabase('sqlite', 'sqlite', `sqlite:///${path}`, path, async () => {
    rmSync(folder, { recursive: true, force: true });
  });
}

function makeFile(path: string): void {
  const file = new SQLite(path);
  // A file of no bytes would not be a database yet.
  file.pragma('user_version = 1');
  file.pragma('user_version = 0');
  file.close();
}

async function createOnServer(
  id: DatabaseId,
  dialect: TestDialect,
  template?: Template,
): Promise<TestDatabase> {
  const admin = adminUrl(id)!;
  const name = `mcpgw_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(admin);
  url.pathname = `/${name}`;
  const copied = template === undefined ? '' : ` TEMPLATE ${template.name}`;
  const how = dialect === 'mysql' ? ' CHARACTER SET utf8mb4' : copied;
  const script = template?.script ? `; USE ${name}; ${template.script}` : '';
  await runSql(dialect, admin.href, `CREATE DATABASE ${name}${how}${script}`);
  return testDatabase(id, dialect, url.href, name, async () => {
    const force = dialect === 'postgresql' ? ' WITH (FORCE)' : '';
    await runSql(dialect, admin.href, `DROP DATABASE IF EXISTS ${name}${force}`);
  });
}

function testDatabase(
  id: DatabaseId,
  dialect: TestDialect,
  url: string,
  name: string,
  drop: () => Promise<void>,
): TestDatabase {
  const client = nativeClient(id, dialect, url, name);
  return {
    id,
    dialect,
    url,
    name,
    client,
    load: (sqlFile) => loadSql(dialect, url, client, sqlFile),
    query: (sql) => runSql(dialect, url, sql),
    drop,
  };
}

type Tests = (database: DatabaseKind) => void;

/** `describe` once for each family of databases; those that are not available show up as skipped, by name. */
export const describeEachDatabase = (name: string, tests: Tests) => describeEach(DATABASES, name, tests);

/** The same for each version of each database. */
export const describeEachVersion = (name: string, tests: Tests) => describeEach(EVERY_VERSION, name, tests);

function describeEach(databases: readonly DatabaseKind[], name: string, tests: Tests): void {
  for (const database of databases) {
    describe.skipIf(!database.available)(`${name} [${database.id}]`, () => tests(database));
  }
}
