import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errorText } from '../errors.ts';
import type { Manifest } from './manifest.ts';
import { readManifest } from './read-manifest.ts';
import { unfinishedBackups } from './unfinished-backups.ts';

/** One file in a folder of backups that is a backup, or was to become one. */
export interface ListedBackup {
  /** Absolute: the manifest, or the file itself where there is none. */
  readonly path: string;
  readonly manifest: Manifest | null;
  /** Why it cannot be restored; empty when nothing is known against it. */
  readonly problem: string;
}

/**
 * What is in a folder of backups, the newest first; nothing when there is no such folder. Looks at manifests and
 * sizes, and reads no backup.
 *
 * @param now to tell whether somebody on another machine may still be making one
 */
export function listBackups(place: string, now: Date): readonly ListedBackup[] {
  const names = filesIn(place).filter((name) => name.startsWith('mcpgw-'));
  const claimed = new Set<string>();
  const listed: ListedBackup[] = [];
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const path = join(place, name);
    try {
      const manifest = readManifest(path);
      claimed.add(manifest.file);
      listed.push({ path, manifest, problem: problemOf(place, manifest) });
    } catch (error) {
      listed.push({ path, manifest: null, problem: errorText(error) });
    }
  }
  for (const { claim, files, writer, isAbandoned } of unfinishedBackups(place, names, now)) {
    for (const file of [claim, ...files]) claimed.add(basename(file));
    const who = `process ${writer.pid} on ${writer.host}`;
    const problem = isAbandoned
      ? `cut short: ${who} is gone; the next backup removes it`
      : `unfinished: ${who} is making it`;
    listed.push({ path: files[0] ?? claim, manifest: null, problem });
  }
  for (const name of names.filter((each) => /\.(db|dump|sql\.gz|part)$/.test(each) && !claimed.has(each))) {
    const problem = name.endsWith('.part')
      ? 'unfinished: being made, or cut short'
      : 'without a manifest: cut short';
    listed.push({ path: join(place, name), manifest: null, problem });
  }
  return listed.toSorted((a, b) => (b.manifest?.createdAt ?? '').localeCompare(a.manifest?.createdAt ?? ''));
}

function filesIn(place: string): readonly string[] {
  try {
    return readdirSync(place).toSorted();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

function problemOf(place: string, { file, bytes }: Manifest): string {
  const stats = statSync(join(place, file), { throwIfNoEntry: false });
  if (stats === undefined) return `its file ${file} is missing`;
  return stats.size === bytes ? '' : `its file has ${stats.size} bytes, not ${bytes}`;
}
