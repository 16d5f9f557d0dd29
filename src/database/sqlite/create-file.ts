import { linkSync, rmSync } from 'node:fs';
import { openFile } from './driver.ts';

/**
 * Makes a database file without tables, whole from the first moment: of two runs at the same time the second
 * must not find a file of no bytes, which is no database. It is made under another name and linked to its own.
 */
export function createSqliteFile(path: string): void {
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
    link(draft, path);
  } finally {
    for (const name of [draft, `${draft}-journal`]) rmSync(name, { force: true });
  }
}

function link(draft: string, path: string): void {
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
