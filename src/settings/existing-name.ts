import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { SqliteTarget } from './database-target.ts';
import { urlError } from './url-error.ts';

/**
 * The SQLite file that a URL means, where none has the very name that it gives: a new, empty database is not to
 * be made while one that is nearly called so is there.
 *
 * @returns the target, and a warning where it is another file
 * @throws GatewayError URL where somebody has to say which file is meant
 */
export function withExistingFile(target: SqliteTarget): { target: SqliteTarget; warnings: string[] } {
  const { path, decoded } = target;
  if (existsSync(path)) return { target, warnings: [] };
  if (decoded !== undefined && existsSync(decoded)) {
    return { target: { ...target, path: decoded }, warnings: [decodedWarning(path, decoded)] };
  }
  if (holdsComment(path)) throw commentError();
  const names = namesIn(dirname(path));
  const own = basename(path);
  const like = names.find((name) => plain(name) === plain(own));
  // A link that leads to nothing is there as well, and is nobody's to replace.
  if (like === undefined || names.includes(own)) return { target, warnings: [] };
  throw urlError(
    `there is no file ${path}, and ${like} beside it is nearly called so`,
    'write the name of the file as it is: the gateway decodes no % in a path; for a new database, take another name',
  );
}

/** For a name that was found only when it was percent-decoded. */
export function decodedWarning(written: string, decoded: string): string {
  return `DATABASE_URL: there is no database ${written}, so ${decoded} is used. The gateway decodes % in the user and password only: write the name as it is`;
}

/** Behind a blank, a # begins a comment for whoever wrote it. */
export function holdsComment(text: string): boolean {
  return /\s#/.test(text);
}

export function commentError() {
  return urlError(
    'it holds a # behind a blank, and all of that is part of the value: Docker’s --env-file takes no comment away',
    'take the comment out; in a password write # as %23',
  );
}

function plain(name: string): string {
  try {
    return decodeURIComponent(name).normalize();
  } catch {
    return name.normalize();
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
