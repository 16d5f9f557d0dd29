import { SqliteError } from 'better-sqlite3';
import { GatewayError } from '../../errors.ts';

/** Turns what SQLite says (https://www.sqlite.org/rescode.html) into an error with advice. */
export function translateSqliteError(error: unknown, path = 'the database'): GatewayError | null {
  if (!(error instanceof SqliteError)) return null;
  const { code } = error;
  const starts = (...codes: string[]) => codes.some((c) => code === c || code.startsWith(`${c}_`));
  if (starts('SQLITE_NOTADB')) {
    return new GatewayError('NOT_A_DATABASE', `${path} is not a SQLite database, or it is encrypted.`, {
      hint: 'Check the path in DATABASE_URL. The file was not changed.',
      cause: error,
    });
  }
  if (starts('SQLITE_CORRUPT')) {
    return new GatewayError('CORRUPT', `${path} is damaged: ${error.message}.`, {
      hint: 'Nothing was changed. Restore a backup, or salvage what is left of it: mcpgw doctor --repair',
      cause: error,
    });
  }
  if (starts('SQLITE_BUSY', 'SQLITE_LOCKED')) {
    return new GatewayError('BUSY', `${path} is locked by another process that writes to it.`, {
      hint: 'Stop the gateway (or wait until its write is done) and run the command again. Nothing was changed.',
      cause: error,
    });
  }
  if (starts('SQLITE_READONLY')) {
    return new GatewayError('READ_ONLY', `${path} cannot be written: ${error.message}.`, {
      hint: 'Make the file and its folder writable for this user. Nothing was changed.',
      cause: error,
    });
  }
  if (starts('SQLITE_CANTOPEN', 'SQLITE_PERM', 'SQLITE_AUTH')) {
    return new GatewayError('PERMISSION', `${path} cannot be opened: ${error.message}.`, {
      hint: 'Check that this user may read and write the file and its folder. Nothing was changed.',
      cause: error,
    });
  }
  if (starts('SQLITE_FULL')) {
    return new GatewayError('DISK_FULL', `The disk of ${path} is full.`, {
      hint: 'Make room (a migration needs about the size of the database) and run the command again. Nothing was changed.',
      cause: error,
    });
  }
  if (starts('SQLITE_IOERR')) {
    return new GatewayError('DISK_FULL', `${path} cannot be read or written (${code}): ${error.message}.`, {
      hint: 'Check the disk, its free space and its quota, then run the command again. The change was taken back.',
      cause: error,
    });
  }
  return null;
}
