import { isOfSameDatabase } from './is-of-same-database.ts';
import type { ListedBackup } from './list-backups.ts';
import type { Manifest } from './manifest.ts';

export interface BackupBeforeUpgrade {
  /** Absolute; its manifest. */
  readonly path: string;
  readonly manifest: Manifest;
}

/**
 * The newest whole backup of a database at v0.6.0 that no upgrade had begun to change: the way back to before the
 * upgrade. Null when there is none.
 *
 * @param listed what is in a folder, the newest first
 */
export function newestBeforeUpgrade(
  listed: readonly ListedBackup[],
  source: Manifest['source'],
): BackupBeforeUpgrade | null {
  for (const { path, manifest, problem } of listed) {
    if (manifest === null || problem !== '' || !isOfSameDatabase(manifest.source, source)) continue;
    if (manifest.release === '0.6.0' && !manifest.unfinished) return { path, manifest };
  }
  return null;
}
