import { basename, dirname } from 'node:path';
import { type ListedBackup, listBackups } from './list-backups.ts';

const TIME = '\\d{8}t\\d{6}Z';
/** What is made as a part of a backup, finished or not: see `claimStem`. */
const PART = new RegExp(`^mcpgw-.*-${TIME}-.+\\.(?:json|db|dump|sql\\.gz|env|part)$`);
/** The folder of an untouched copy. */
const UNTOUCHED = new RegExp(`^damaged-${TIME}(?:-\\d+)?$`);

/**
 * Whether a file is a part of a backup, or would be taken for one: by its name, or because the manifest of a backup
 * beside it says so.
 *
 * @param file absolute
 */
export function isPartOfBackup(file: string): boolean {
  const folder = dirname(file);
  const name = basename(file);
  if (PART.test(name) || UNTOUCHED.test(basename(folder))) return true;
  return backupsIn(folder).some(
    ({ path, manifest }) =>
      manifest !== null && [basename(path), manifest.file, manifest.envFile].includes(name),
  );
}

function backupsIn(folder: string): readonly ListedBackup[] {
  try {
    return listBackups(folder, new Date());
  } catch {
    // A folder that may not be listed: then names alone tell.
    return [];
  }
}
