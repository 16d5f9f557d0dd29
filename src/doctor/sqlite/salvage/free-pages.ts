import type { PageFile } from './page-file.ts';
import type { FileHeader } from './read-header.ts';

export interface FreePages {
  readonly numbers: ReadonlySet<number>;
  /** Whether these are all: else a page that no tree leads to may be one that was given up long ago. */
  readonly complete: boolean;
}

/** Follows the list of free pages (https://www.sqlite.org/fileformat.html, 1.5). */
export function freePages(file: PageFile, kept: FileHeader['kept']): FreePages {
  const numbers = new Set<number>();
  const unfinished = { numbers, complete: false };
  if (kept === null) return unfinished;
  for (let trunk = kept.freeTrunk; trunk !== 0; ) {
    if (!file.has(trunk) || numbers.has(trunk)) return unfinished;
    const bytes = file.read(trunk);
    const leaves = bytes.readUInt32BE(4);
    if (leaves > file.usableSize / 4 - 2) return unfinished;
    numbers.add(trunk);
    for (let i = 0; i < leaves; i++) {
      const leaf = bytes.readUInt32BE(8 + 4 * i);
      // A leaf of the list behind the end of a file that was cut holds nothing to be careful with.
      if (leaf < 2 || (file.has(leaf) && numbers.has(leaf))) return unfinished;
      numbers.add(leaf);
    }
    trunk = bytes.readUInt32BE(0);
  }
  return { numbers, complete: numbers.size === kept.freePages };
}
