import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Git-ignored; removing it costs a download at the next start, nothing else. */
const CACHE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '.servers');

/**
 * The folder `.servers/<name>`, filled by `fill` when it is not there yet. It is filled under a temporary name
 * and renamed, so it is complete whenever it exists, and of two runs at the same time the first to end wins.
 */
export async function cacheFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, name);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const filling = mkdtempSync(join(dirname(folder), `.${basename(folder)}-`));
  try {
    await fill(filling);
    // mkdtemp makes it private; servers run as another user when we are root.
    chmodSync(filling, 0o755);
    renameSync(filling, folder);
  } catch (error) {
    rmSync(filling, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
