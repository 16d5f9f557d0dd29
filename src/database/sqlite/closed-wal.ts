import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { firstBytes } from '../../salvage/index.ts';

/** Where the header says which journal is used (https://www.sqlite.org/fileformat.html, 1.3.3). */
const VERSIONS_AT = 18;
const WAL = 2;

/**
 * Whether the database is in WAL mode with all of it in the one file. A read-only connection to such a file makes
 * two others beside it that it cannot remove again; one that may write but does not leaves nothing.
 */
export function isClosedWal(path: string): boolean {
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
