import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * How every file of ours is made: under a name that nothing has, not even a link, for this user alone; it gets
 * the name it is known by when it is whole and on disk.
 *
 * @returns an open handle, to be closed
 * @throws Error EEXIST when something has that name
 */
export function makeFile(path: string): number {
  return openSync(path, 'wx', 0o600);
}

/** Makes a file with this content, and waits until it is on disk; what could not be written whole goes again. */
export function writeNewFile(path: string, content: string | Buffer): void {
  const handle = makeFile(path);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
}

/**
 * Gives a file that is whole the name it is known by.
 *
 * @param replace whether what has that name goes
 * @throws Error EEXIST when something has that name and may not go
 */
export function giveName(draft: string, path: string, { replace = false } = {}): void {
  if (!replace && lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw Object.assign(new Error(`EEXIST: something is called ${path} already`), { code: 'EEXIST' });
  }
  sync(draft);
  renameSync(draft, path);
  sync(dirname(path));
}

/** Waits until a file, or the names in a folder, are on disk. */
export function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Makes a folder that was not there, with a number behind its name where something has that. Returns its path. */
export function makeFolder(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? path : `${path}-${n}`;
    try {
      mkdirSync(name, { mode: 0o700 });
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
