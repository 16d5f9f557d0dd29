import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { GatewayError } from '../errors.ts';
import { linkIn } from '../files/behind-links.ts';
import { openToOthers } from '../files/open-to-others.ts';
import type { Progress } from '../progress.ts';
import { advise, mcpgw } from '../report/advice.ts';
import type { Manifest } from './manifest.ts';
import { readManifest } from './read-manifest.ts';
import { sha256OfFile } from './sha256-of-file.ts';

export interface FoundBackup {
  readonly manifest: Manifest;
  /** Absolute. */
  readonly manifestPath: string;
  readonly file: string;
}

export interface FindBackup {
  /** What was typed: the path of a manifest or of the backup, or its name in the folder of backups, with or
   * without its ending. */
  readonly name: string;
  /** Absolute. */
  readonly cwd: string;
  /** Absolute; the folder of backups. */
  readonly place: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Told of what lets somebody else decide what is restored. */
  readonly warn?: ((text: string) => void) | undefined;
}

/**
 * Finds a backup and proves that it is whole, by its size and hash.
 *
 * @throws GatewayError FAILED or CORRUPT
 */
export async function findBackup({
  name,
  cwd,
  place,
  progress,
  signal,
  warn,
}: FindBackup): Promise<FoundBackup> {
  const places = [resolve(cwd, name), ...(basename(name) === name ? [join(place, name)] : [])];
  const candidates = places.flatMap((candidate) => [candidate, `${candidate}.json`]);
  const path = candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
  const advice = advise`See which backups there are: ${mcpgw('backup', '--list')}. Nothing was changed.`;
  if (path === undefined) {
    const folders = [...new Set(places.map((candidate) => dirname(candidate)))].join(' or ');
    throw new GatewayError('FAILED', `There is no backup ${basename(name)} in ${folders}.`, { hint: advice });
  }
  if (path.endsWith('.part')) {
    throw new GatewayError('FAILED', `${path} is a backup that was not finished.`, { hint: advice });
  }
  const manifestPath = path.endsWith('.json') ? path : path.replace(/\.(db|dump|sql\.gz)$/, '.json');
  if (manifestPath === path && !path.endsWith('.json')) {
    throw new GatewayError('FAILED', `${path} is neither a backup nor the manifest of one.`, {
      hint: advice,
    });
  }
  if (!existsSync(manifestPath)) {
    throw new GatewayError(
      'FAILED',
      `${path} has no manifest beside it (${basename(manifestPath)}): it was cut short, or its manifest is elsewhere.`,
      {
        hint: advice,
      },
    );
  }
  const manifest = readManifest(manifestPath);
  const file = join(dirname(manifestPath), manifest.file);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) {
    throw new GatewayError('FAILED', `The file of this backup is missing: ${file}.`, { hint: advice });
  }
  progress.start('Checking the backup (MB)', Math.ceil(size / 1e6));
  const whole = size === manifest.bytes && (await sha256OfFile(file, progress, signal)) === manifest.sha256;
  progress.done();
  if (!whole) {
    throw new GatewayError(
      'CORRUPT',
      `${file} is not what it was when the backup was made: size or SHA-256 differ.`,
      {
        hint: advise`It was damaged or changed since; use another backup. ${advice}`,
      },
    );
  }
  for (const path of [manifestPath, file]) {
    const link = linkIn(path);
    if (link !== null) warn?.(`${path} is a link to ${link}: what is restored lies there`);
    const risk = openToOthers(path);
    if (risk !== null) warn?.(risk);
  }
  return { manifest, manifestPath, file };
}
