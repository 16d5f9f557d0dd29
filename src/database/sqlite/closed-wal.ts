import { accessSync, closeSync, constants, existsSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';

/** Where the header says which journal is used (https://www.sqlite.org/fileformat.html, 1.3.3). */
const VERSIONS_AT = 18;
const WAL = 2;

/**
 * Whether the database is in WAL mode with all of it in the one file. A read-only connection to such a file makes
 * two others beside it that it cannot remove again; one that may write but does not leaves nothing.
 */
export function isClosedWal(path: string): boolean {
  if (existsSync(`${path}-wal`)) return false;
  const versions = Buffer.alloc(2);
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    const handle = openSync(path, 'r');
    try {
      readSync(handle, versions, 0, versions.length, VERSIONS_AT);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Who may not write here makes no files here either.
    return false;
  }
  return versions.every((version) => version === WAL);
}
