import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * The settings file a command reads, absolute; null when there is none.
 *
 * @param flag `--env-file`
 */
export function envFileInUse(cwd: string, flag: string | undefined): string | null {
  const path = resolve(cwd, flag ?? '.env');
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : null;
}
