import { readFileSync } from 'node:fs';

/** The lines of a file of the system, such as `/proc/locks`; none for one that is not there, or not ours to read. */
export function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}
