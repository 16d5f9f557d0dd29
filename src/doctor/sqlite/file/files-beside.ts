import { statSync } from 'node:fs';

/** The journals and the index of a database that are there. */
export function filesBeside(path: string): readonly string[] {
  return ['-wal', '-shm', '-journal']
    .map((suffix) => path + suffix)
    .filter((file) => statSync(file, { throwIfNoEntry: false }) !== undefined);
}
