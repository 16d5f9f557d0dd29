import { type ListedBackup, listBackups } from '../backup/list-backups.ts';
import type { Manifest } from '../backup/manifest.ts';
import { releaseLabel } from '../backup/release-label.ts';
import { openBackupTool } from '../database/open-backup-tool.ts';
import { noProgress } from '../progress.ts';
import { duration } from '../report/duration.ts';
import { plural } from '../report/plural.ts';
import type { TargetContext } from './context.ts';

export interface WholeBackup {
  /** Absolute. */
  readonly path: string;
  readonly manifest: Manifest;
  /** For people: `v0.6.0, 3 days old`. */
  readonly facts: string;
}

export interface BackupsOf {
  /** Where backups go unless `--backup-dir` says otherwise. */
  readonly place: string;
  /** Of this database, as far as names and sizes can tell, the newest first. */
  readonly whole: readonly WholeBackup[];
  readonly broken: readonly ListedBackup[];
}

/** The backups that are where they go by default. @throws the error of a folder that cannot be read */
export async function backupsOf({ target, cwd, env, now }: TargetContext): Promise<BackupsOf> {
  const tool = await openBackupTool({
    target,
    cwd,
    env,
    progress: noProgress,
    signal: new AbortController().signal,
  });
  const place = tool.defaultDirectory;
  const listed = listBackups(place, now);
  const whole = listed.flatMap(({ path, manifest, problem }): WholeBackup[] =>
    manifest?.source.database === tool.database && problem === ''
      ? [{ path, manifest, facts: `v${releaseLabel(manifest)}, ${age(manifest.createdAt, now)} old` }]
      : [],
  );
  return { place, whole, broken: listed.filter(({ problem }) => problem !== '') };
}

const DAY_MS = 86_400_000;

function age(createdAt: string, now: Date): string {
  const ms = now.getTime() - new Date(createdAt).getTime();
  return ms < 2 * DAY_MS ? duration(ms) : plural(Math.floor(ms / DAY_MS), 'day');
}
