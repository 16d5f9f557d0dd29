import { readdirSync, rmSync } from 'node:fs';
import type { Claim } from './claim.ts';
import { isOfSameDatabase } from './is-of-same-database.ts';
import { unfinishedBackups } from './unfinished-backups.ts';

/**
 * Removes what killed runs left of backups of one database. What somebody may still be writing to stays.
 *
 * @param place absolute; the folder of backups
 */
export function removeAbandoned(place: string, source: Claim['source'], now: Date): void {
  for (const unfinished of unfinishedBackups(place, readdirSync(place), now)) {
    if (!unfinished.isAbandoned || !isOfSameDatabase(unfinished.source, source)) continue;
    // The claim goes last: until then another try finds the rest by it.
    for (const file of [...unfinished.files, unfinished.claim]) rmSync(file, { force: true });
  }
}
