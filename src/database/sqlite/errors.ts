import { GatewayError } from '../../errors.ts';
import { inWords } from '../said-by-server.ts';
import { isSqliteError } from './driver.ts';
import { writeLockHolder } from './holder.ts';

/**
 * Turns what SQLite says (https://www.sqlite.org/rescode.html) into an error with advice.
 *
 * @param file who has it locked is looked up; without it only the code is wanted
 */
export function translateSqliteError(error: unknown, file?: string): GatewayError | null {
  if (!isSqliteError(error)) return null;
  const { code } = error;
  const path = file ?? 'the database';
  const starts = (...codes: string[]) => codes.some((c) => code === c || code.startsWith(`${c}_`));
  if (starts('SQLITE_NOTADB')) {
    return new GatewayError('NOT_A_DATABASE', `${path} is not a SQLite database, or it is encrypted.`, {
      hint: 'Check the path in DATABASE_URL; what the file is instead: mcpgw doctor. It was not changed.',
      cause: error,
    });
  }
  if (starts('SQLITE_CORRUPT')) {
    return new GatewayError('CORRUPT', `${path} is damaged: ${error.message}.`, {
      hint: 'Nothing was changed. Restore a backup, or salvage what is left of it: mcpgw doctor --repair',
      cause: error,
    });
  }
  // The last two are races of several that open a database in WAL mode, or close it: one more try does.
  if (starts('SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL', 'SQLITE_IOERR_DELETE_NOENT')) {
    const holder = file === undefined ? null : writeLockHolder(file);
    return new GatewayError(
      'BUSY',
      `${path} is locked by ${holder?.text ?? 'another process that writes to it'}.`,
      {
        hint: 'Stop that program in its own way, or wait until it is done, then run the command again (or let it wait longer: ?timeout=60 in DATABASE_URL). Who has the file open: mcpgw doctor. Nothing was changed.',
        cause: error,
      },
    );
  }
  if (code === 'SQLITE_READONLY_ROLLBACK') {
    return new GatewayError('READ_ONLY', `${path} cannot be read yet: a program was killed while it wrote.`, {
      hint: `Its transaction was broken off and has to be taken back first: mcpgw doctor --repair, or any command that writes, such as the start of the gateway. Nothing that was committed is lost, as long as ${path}-journal stays where it is: never delete it. Nothing was changed.`,
      cause: error,
    });
  }
  if (starts('SQLITE_READONLY')) {
    return new GatewayError('READ_ONLY', `${path} cannot be written: ${error.message}.`, {
      hint: 'Make the file and its folder writable for this user; what is in the way: mcpgw doctor. Nothing was changed.',
      cause: error,
    });
  }
  if (starts('SQLITE_CANTOPEN', 'SQLITE_PERM', 'SQLITE_AUTH')) {
    return new GatewayError('PERMISSION', `${path} cannot be opened: ${error.message}.`, {
      hint: 'Check that this user may read and write the file and its folder; what is in the way: mcpgw doctor. Nothing was changed.',
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
  // A statement that it cannot read, or was given wrongly, is ours.
  if (starts('SQLITE_ERROR', 'SQLITE_MISUSE', 'SQLITE_RANGE')) return null;
  return inWords([], { product: 'SQLite', code, text: error.message, error });
}
