import { accessSync, constants, existsSync, linkSync, rmSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { errorText, GatewayError } from '../../errors.ts';
import { advise, mcpgw } from '../../report/advice.ts';
import { firstBytes } from '../../salvage/index.ts';
import { displayName } from '../../schema/display-name.ts';
import type { SqliteTarget } from '../../settings/database-target.ts';
import type { Open, OpenOptions } from '../dialect.ts';
import { DISPLAY_NAME_FUNCTION } from './ddl.ts';
import { openFile, sqliteVersion } from './driver.ts';
import { translateSqliteError } from './errors.ts';
import { type OpenedFile, SqliteFile } from './file.ts';
import { refuseLostWal } from './refusals.ts';
import { sqliteDialect } from './sqlite.ts';
import { CHECKS_FUNCTION, checksText } from './things.ts';

/** Pages kept in memory: enough to build an index of 100 000 rows without thrashing, and bounded; less for reading. */
const CACHE_KIB = { read: 8_192, write: 32_768 } as const;

/**
 * Opens the file. A missing one is made only with `create`, and only when its folder is there. Opening
 * reads the first page, so that what is no database is refused here and not half way.
 */
export const openSqlite: Open<SqliteTarget> = async (target, options) => {
  const { path, readOnly } = target;
  const exists = checkPath(path, options);
  const reading = options.access === 'read' || readOnly;
  if (!reading) await refuseLostWal(path);
  try {
    if (!exists) createSqliteFile(path);
    const file = new SqliteFile(path, () => openConnection(target, reading));
    const { onStatement } = options;
    const kysely = new Kysely<unknown>({
      dialect: new SqliteDialect({ database: file }),
      log(event) {
        if (event.level === 'query') onStatement?.(event.query.sql, event.query.parameters);
      },
    });
    return { kysely, dialect: sqliteDialect(sqliteVersion(), path, file), cut: null };
  } catch (error) {
    throw translateSqliteError(error, path) ?? error;
  }
};

function openConnection({ path, pragmas, busyTimeoutMs }: SqliteTarget, reading: boolean): OpenedFile {
  const connection = openFile(path, {
    readonly: reading && !isClosedWal(path),
    fileMustExist: true,
    timeout: busyTimeoutMs,
  });
  const configure = configureOnce(connection, pragmas, CACHE_KIB[reading ? 'read' : 'write']);
  try {
    if (reading) connection.pragma('query_only = ON');
    connection.pragma('foreign_keys = OFF');
    connection.function(CHECKS_FUNCTION, { deterministic: true }, (create) => checksText(String(create)));
    connection.function(DISPLAY_NAME_FUNCTION, { deterministic: true }, (custom, original) =>
      displayName(custom as string | null, original as string | null),
    );
    readFirstPage(connection, configure);
    return { connection, configure };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * The settings of a connection that need the first page, for when it can be read; a second call does nothing.
 *
 * @returns what throws the driver's error BUSY while somebody keeps the file locked
 */
function configureOnce(file: Database, pragmas: SqliteTarget['pragmas'], cacheKib: number): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    file.prepare('SELECT count(*) FROM sqlite_schema').get();
    file.pragma(`cache_size = -${cacheKib}`);
    for (const { name, value, persistent } of pragmas) {
      if (!persistent && name !== 'foreign_keys') file.pragma(`${name} = ${value}`);
    }
    // Renaming a rebuilt table must not rewrite the views and references that mean the old one.
    file.pragma('legacy_alter_table = ON');
    isDone = true;
  };
}

/**
 * Throws for what is no database. Whoever keeps the file locked is waited for, and named, by who needs it.
 */
function readFirstPage(file: Database, configure: () => void): void {
  const timeout = file.pragma('busy_timeout', { simple: true });
  try {
    file.pragma('busy_timeout = 0');
    configure();
  } catch (error) {
    if (translateSqliteError(error)?.code !== 'BUSY') throw error;
  } finally {
    file.pragma(`busy_timeout = ${timeout}`);
  }
}

/** Whether the file is there; throws when it is no file, or missing and not to be made. */
function checkPath(path: string, options: OpenOptions): boolean {
  const stats = statsOf(path);
  if (stats?.isDirectory()) {
    throw new GatewayError('NOT_A_DATABASE', `${path} is a folder, not a SQLite database.`, {
      hint: 'Point DATABASE_URL at the database file inside it.',
    });
  }
  if (stats !== undefined) {
    if (!stats.isFile()) {
      throw new GatewayError('NOT_A_DATABASE', `${path} is not a regular file.`, {
        hint: 'Point DATABASE_URL at a SQLite database file.',
      });
    }
    if (stats.size === 0) {
      throw new GatewayError('NOT_A_DATABASE', `${path} is empty (0 bytes): there is no database in it.`, {
        hint: 'Check the path in DATABASE_URL. For a new v0.7.0 database, move the empty file away, then run mcpgw migrate.',
      });
    }
    return true;
  }
  if (!options.create) {
    throw new GatewayError('NO_DATABASE', `There is no file ${path}.`, {
      hint: 'Check the path in DATABASE_URL (a relative one starts at the current folder). mcpgw migrate would make a new v0.7.0 database there.',
    });
  }
  if (!statsOf(dirname(path))?.isDirectory()) {
    throw new GatewayError('NO_DATABASE', `The folder ${dirname(path)} does not exist.`, {
      hint: 'Check the path in DATABASE_URL, or make the folder first.',
    });
  }
  return false;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new GatewayError('PERMISSION', `${path} cannot be looked at: ${errorText(error)}.`, {
      hint: advise`Check that this user may enter every folder of the path in DATABASE_URL; which it may not: ${mcpgw('doctor')}. Nothing was changed.`,
      cause: error,
    });
  }
}

/** Where the header says which journal is used (https://www.sqlite.org/fileformat.html, 1.3.3). */
const VERSIONS_AT = 18;
const WAL = 2;

/**
 * Whether the database is in WAL mode with all of it in the one file. A read-only connection to such a file makes
 * two others beside it that it cannot remove again; one that may write but does not leaves nothing.
 */
function isClosedWal(path: string): boolean {
  if (existsSync(`${path}-wal`)) return false;
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    const versions = firstBytes(path, VERSIONS_AT + 2).subarray(VERSIONS_AT);
    return versions.length === 2 && versions.every((version) => version === WAL);
  } catch {
    // Who may not write here makes no files here either.
    return false;
  }
}

/**
 * Makes a database file without tables, whole from the first moment: of two runs at the same time the second
 * must not find a file of no bytes, which is no database. It is made under another name and linked to its own.
 */
function createSqliteFile(path: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    const file = openFile(draft);
    try {
      // Any change of the header writes the first page.
      file.pragma('user_version = 1');
      file.pragma('user_version = 0');
    } finally {
      file.close();
    }
    giveName(draft, path);
  } finally {
    for (const name of [draft, `${draft}-journal`]) rmSync(name, { force: true });
  }
}

function giveName(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another run was faster: then its file is the one.
    if (code === 'EEXIST') return;
    // A file system without links: SQLite makes the file itself, and two runs at once may get in each other's way.
    openFile(path).close();
  }
}
