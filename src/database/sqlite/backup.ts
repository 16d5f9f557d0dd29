import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { GatewayError } from '../../errors.ts';
import type { SqliteTarget } from '../../settings/database-target.ts';
import type { BackupToolContext, Dump, Look } from '../backup-tool.ts';
import { refuseWhenStopped } from '../refuse-when-stopped.ts';
import { connectOnce } from '../with-database.ts';
import { openFile } from './driver.ts';
import { translateSqliteError } from './errors.ts';
import { quoteName } from './table-sql.ts';

export type SqliteBackupContext = BackupToolContext<SqliteTarget>;

/** Pages copied between two looks at the signals: 16 MiB of the usual 4 KiB. */
const PAGES_PER_STEP = 4_096;

/** Where backups of a file go when nobody says otherwise. */
export function sqliteBackupFolder(path: string): string {
  return join(dirname(path), 'mcpgw-backups');
}

/** The size of a database, with what is still in its -wal file. */
export function sqliteBytes(path: string): number {
  const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return sizeOf(path) + sizeOf(`${path}-wal`);
}

/**
 * Copies a database through an open connection into a file of its own, then checks the copy: its integrity,
 * and the rows of every table against the source. The copy needs no -wal file, whatever the source has.
 *
 * @param source is in no transaction
 */
export async function copySqlite(
  source: Database,
  file: string,
  { target, progress, signal, onStatement }: SqliteBackupContext,
  look: Look,
): Promise<Dump> {
  try {
    // One read transaction over all of it: a busy writer can neither change the copy half way nor make the
    // copying start again, and the counts are of the same moment.
    source.exec('BEGIN');
    const journalMode = String(source.pragma('journal_mode', { simple: true }));
    const pages = Number(source.pragma('page_count', { simple: true }));
    progress.start('Backing up (pages)', pages);
    let copied = 0;
    await source.backup(file, {
      progress({ totalPages, remainingPages }) {
        refuseWhenStopped(signal);
        progress.advance(totalPages - remainingPages - copied);
        copied = totalPages - remainingPages;
        return PAGES_PER_STEP;
      },
    });
    progress.start('Checking the backup');
    const expected = countRows(source);
    source.exec('COMMIT');
    const rows = checkCopy(file, expected, 'The backup');
    await connectOnce({ target: { ...target, path: file }, onStatement }, 'read', look);
    progress.done();
    return { rows, notes: { journalMode }, warnings: [] };
  } catch (error) {
    throw translateSqliteError(error, target.path) ?? error;
  } finally {
    if (source.open && source.inTransaction) source.exec('ROLLBACK');
  }
}

/** @throws GatewayError CORRUPT or FAILED when the file is damaged or its tables have other rows */
export function checkCopy(
  file: string,
  expected: ReadonlyMap<string, number>,
  what: string,
): ReadonlyMap<string, number> {
  const rows = readCopy(file, what);
  const names = [...new Set([...expected.keys(), ...rows.keys()])];
  const wrong = names.filter((name) => expected.get(name) !== rows.get(name));
  if (wrong.length === 0) return rows;
  throw new GatewayError('FAILED', `${what} has other rows than it should.`, {
    details: wrong.map((name) => `${name}: ${rows.get(name) ?? 'none'}, not ${expected.get(name) ?? 'none'}`),
    hint: 'The database was not changed. Run the command again.',
  });
}

/** The rows of each table of a copy that is whole. @throws GatewayError CORRUPT */
export function readCopy(file: string, what: string): ReadonlyMap<string, number> {
  const copy = openFile(file, { fileMustExist: true });
  try {
    // A file in WAL mode cannot be read where its folder is read-only.
    copy.pragma('journal_mode = DELETE');
    const problems = (copy.pragma('integrity_check') as { integrity_check: string }[])
      .map((row) => row.integrity_check)
      .filter((line) => line !== 'ok');
    if (problems.length > 0) {
      throw new GatewayError('CORRUPT', `${what} is damaged: ${problems[0]}.`, {
        details: problems.slice(0, 5),
        hint: 'The database itself may be damaged: look with mcpgw verify. It was not changed.',
      });
    }
    return countRows(copy);
  } finally {
    copy.close();
  }
}

/** Rows of each table. */
export function countRows(db: Database): ReadonlyMap<string, number> {
  const tables = db
    .prepare<[], { name: string }>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .all();
  return new Map(
    tables.map(({ name }) => {
      const row = db.prepare<[], { n: number }>(`SELECT count(*) AS n FROM ${quoteName(name)}`).get();
      return [name, row?.n ?? 0];
    }),
  );
}
