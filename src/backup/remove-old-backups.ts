import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isOfSameDatabase } from './is-of-same-database.ts';
import { listBackups } from './list-backups.ts';
import type { Manifest } from './manifest.ts';
import { newestBeforeUpgrade } from './newest-before-upgrade.ts';

/**
 * Removes the oldest whole backups of one database beyond `keep`. The newest one stays, and so does the newest from
 * before the upgrade, however many were taken since: no other leads back there. Nothing is touched that has no
 * valid manifest.
 *
 * @param newest of the database in question
 * @returns the manifests that went, absolute
 */
export function removeOldBackups(
  place: string,
  newest: Manifest,
  keep: number,
  now: Date,
): readonly string[] {
  const listed = listBackups(place, now);
  const same = listed.filter(
    ({ manifest, problem }) =>
      manifest !== null &&
      problem === '' &&
      manifest.file !== newest.file &&
      isOfSameDatabase(manifest.source, newest.source),
  );
  const wayBack = newestBeforeUpgrade(listed, newest.source)?.path;
  const old = same.slice(Math.max(0, keep - 1)).filter(({ path }) => path !== wayBack);
  for (const { path, manifest } of old) {
    // The manifest goes first: what is left when this is cut short is no backup.
    rmSync(path, { force: true });
    for (const name of [manifest?.file, manifest?.envFile]) {
      if (name !== undefined && name !== null) rmSync(join(dirname(path), name), { force: true });
    }
  }
  return old.map(({ path }) => path);
}
