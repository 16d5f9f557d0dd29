import { type Stats, statSync } from 'node:fs';

/** What there is to know of a file; nothing for one that is missing or in a folder that may not be entered. */
export function statOrNothing(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
