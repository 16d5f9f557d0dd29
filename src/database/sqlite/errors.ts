import { type ErrorCode, GatewayError } from '../../errors.ts';
import { advise, mapParts, mcpgw, type Text } from '../../report/advice.ts';
import { inWords } from '../said-by-server.ts';
import { isSqliteError } from './driver.ts';
import { writeLockHolder } from './processes.ts';

/**
 * What SQLite says (https://www.sqlite.org/rescode.html), what that is to us, and what to do about it. A code stands
 * for those that begin with it, too; the first row counts. In the texts `{path}`, `{code}`, SQLite's own `{words}`
 * and `{who}` has the file locked are filled in.
 */
const ERRORS: readonly (readonly [codes: RegExp, code: ErrorCode, text: string, hint: Text])[] = [
  [
    /^NOTADB/,
    'NOT_A_DATABASE',
    '{path} is not a SQLite database, or it is encrypted.',
    advise`Check the path in DATABASE_URL; what the file is instead: ${mcpgw('doctor')}. It was not changed.`,
  ],
  [
    /^CORRUPT/,
    'CORRUPT',
    '{path} is damaged: {words}.',
    advise`Nothing was changed. Restore a backup, or salvage what is left of it: ${mcpgw('doctor', '--repair')}`,
  ],
  [
    // The last two are races of several that open a database in WAL mode, or close it: one more try does.
    /^(BUSY|LOCKED|PROTOCOL|IOERR_DELETE_NOENT)/,
    'BUSY',
    '{path} is locked by {who}.',
    advise`Stop that program in its own way, or wait until it is done, then run the command again (or let it wait longer: ?timeout=60 in DATABASE_URL). Who has the file open: ${mcpgw('doctor')}. Nothing was changed.`,
  ],
  [
    /^READONLY_ROLLBACK/,
    'READ_ONLY',
    '{path} cannot be read yet: a program was killed while it wrote.',
    advise`Its transaction was broken off and has to be taken back first: ${mcpgw('doctor', '--repair')}, or any command that writes, such as the start of the gateway. Nothing that was committed is lost, as long as {path}-journal stays where it is: never delete it. Nothing was changed.`,
  ],
  [
    /^READONLY/,
    'READ_ONLY',
    '{path} cannot be written: {words}.',
    advise`Make the file and its folder writable for this user; what is in the way: ${mcpgw('doctor')}. Nothing was changed.`,
  ],
  [
    /^(CANTOPEN|PERM|AUTH)/,
    'PERMISSION',
    '{path} cannot be opened: {words}.',
    advise`Check that this user may read and write the file and its folder; what is in the way: ${mcpgw('doctor')}. Nothing was changed.`,
  ],
  [
    /^FULL/,
    'DISK_FULL',
    'The disk of {path} is full.',
    'Make room (a migration needs about the size of the database) and run the command again. Nothing was changed.',
  ],
  [
    /^IOERR/,
    'DISK_FULL',
    '{path} cannot be read or written ({code}): {words}.',
    'Check the disk, its free space and its quota, then run the command again. The change was taken back.',
  ],
];

/**
 * Turns what SQLite says into an error with advice.
 *
 * @param file who has it locked is looked up; without it only the code is wanted
 */
export function translateSqliteError(error: unknown, file?: string): GatewayError | null {
  if (!isSqliteError(error)) return null;
  const { code, message: words } = error;
  const said = code.replace(/^SQLITE_/, '');
  // A statement that it cannot read, or was given wrongly, is ours.
  if (/^(ERROR|MISUSE|RANGE)/.test(said)) return null;
  const row = ERRORS.find(([codes]) => codes.test(said));
  if (row === undefined) return inWords([], { product: 'SQLite', code, text: words, error });
  const holder = row[1] === 'BUSY' && file !== undefined ? writeLockHolder(file) : null;
  const who = holder?.text ?? 'another process that writes to it';
  const values: Record<string, string> = { path: file ?? 'the database', code, words, who };
  const fill = (text: string) => text.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  return new GatewayError(row[1], fill(row[2]), { hint: mapParts(row[3], fill), cause: error });
}
