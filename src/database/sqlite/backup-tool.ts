import { basename, extname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { GatewayError } from '../../errors.ts';
import type { SqliteTarget } from '../../settings/database-target.ts';
import type { BackupTool } from '../backup-tool.ts';
import { copySqlite, type SqliteBackupContext, sqliteBackupFolder, sqliteBytes } from './backup.ts';
import { openFile } from './driver.ts';
import { translateSqliteError } from './errors.ts';
import { refuseLostWal } from './refusals.ts';
import { restoreSqlite } from './restore.ts';

/** Backups through SQLite's online backup API: what is in the -wal file is in the copy. */
export function sqliteBackupTool(context: SqliteBackupContext): BackupTool {
  const { path } = context.target;
  return {
    extension: 'db',
    database: basename(path, /^\.(db|sqlite3?)$/.test(extname(path)) ? extname(path) : ''),
    defaultDirectory: sqliteBackupFolder(path),
    replacesEverything: true,
    preflight: () => refuseLostWal(path),
    async preflightRestore() {
      if (!context.target.readOnly) return;
      throw new GatewayError('READ_ONLY', 'DATABASE_URL asks for a read-only database (mode=ro).', {
        hint: 'Take mode=ro out of it to restore a backup. Nothing was changed.',
      });
    },
    estimate: async () => sqliteBytes(path),
    async dump(file, look) {
      const source = open(path, context.target);
      try {
        return await copySqlite(source, file, context, look);
      } finally {
        source.close();
      }
    },
    refusal: async () => null,
    // The file is swapped for another.
    dependents: async () => [],
    foretell: async () => [],
    rehearse: async () => null,
    restoreStatements: async () => [],
    restore: (request) => restoreSqlite(context, request),
  };
}

function open(path: string, { busyTimeoutMs }: SqliteTarget): Database {
  try {
    return openFile(path, { readonly: true, fileMustExist: true, timeout: busyTimeoutMs });
  } catch (error) {
    throw translateSqliteError(error, path) ?? error;
  }
}
