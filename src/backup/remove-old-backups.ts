import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listBackups } from './list-backups.ts';
import type { Manifest } from './manifest.ts';

/**
 * Removes the oldest whole backups of one database beyond `keep`, the newest one never. Nothing is touched that
 * has no valid manifest.
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
  const same = listBackups(place, now).filter(({ manifest, problem }) => {
    if (manifest === null || problem !== '' || manifest.file === newest.file) return false;
    const { dialect, url } = manifest.source;
    return dialect === newest.source.dialect && url === newest.source.url;
  });
  const old = same.slice(Math.max(0, keep - 1));
  for (const { path, manifest } of old) {
    // The manifest goes first: what is left when this is cut short is no backup.
    rmSync(path, { force: true });
    for (const name of [manifest?.file, manifest?.envFile]) {
      if (name !== undefined && name !== null) rmSync(join(dirname(path), name), { force: true });
    }
  }
  return old.map(({ path }) => path);
}
