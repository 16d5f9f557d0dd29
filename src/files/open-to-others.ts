import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { shellWord } from '../report/shell-word.ts';
import { statOrNothing } from './stat-or-nothing.ts';

/** Permission bits (inode(7)): anybody may write; in a folder, each may remove and rename only what is theirs. */
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/**
 * What a person must know of a folder for backups in which any user of this machine can put other files in their
 * place, or of a file like that; null where nobody can. What a group may do is somebody's choice.
 *
 * @param path absolute; where it is not there yet, the folders above it count
 */
export function openToOthers(path: string): string | null {
  // Windows has no such bits, and Node makes some up.
  if (process.platform === 'win32') return null;
  for (let here = path, isAbove = false; ; here = dirname(here), isAbove = true) {
    const mode = statOrNothing(here)?.mode;
    const mayOthers = mode !== undefined && (mode & OTHERS_WRITE) !== 0;
    if (mayOthers && !(isAbove && (mode & STICKY) !== 0)) {
      return `Every user of this machine may write to ${here}, and so put another backup in the place of one there. Close it to them: chmod o-w ${shellWord(here)}`;
    }
    if (dirname(here) === here) return null;
    if (!isAbove && mode !== undefined) here = realpathSync(here);
  }
}
