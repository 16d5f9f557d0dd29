import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Names of open files: what they seem to link to is not there to be followed. */
const OPEN_FILES = /^(?:\/proc\/\d+(?:\/task\/\d+)?|\/dev)\/fd$/;

/** As many as Linux follows. */
const MOST_LINKS = 40;

/**
 * The file that would be written to under this name: behind links, also where the last one leads to nothing yet.
 *
 * @param path absolute
 * @throws Error ENOENT where a folder on the way is missing, ELOOP where links lead in a circle
 */
export function behindLinks(path: string): string {
  let file = path;
  for (let n = 0; n < MOST_LINKS; n += 1) {
    const here = join(realpathSync(dirname(file)), basename(file));
    const target = isOpenFile(here) ? null : linkIn(here);
    if (target === null) return here;
    file = resolve(dirname(here), target);
  }
  throw Object.assign(new Error('ELOOP: the links lead in a circle'), { code: 'ELOOP' });
}

/** Whether a path behind links is the name of a file that a process has open, as /dev/stdout is. */
export function isOpenFile(path: string): boolean {
  return OPEN_FILES.test(dirname(path));
}

/** What a link leads to, as it is written; null for what is no link. */
export function linkIn(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
