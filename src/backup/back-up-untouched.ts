import { closeSync, createReadStream, createWriteStream, openSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { refuseWhenStopped } from '../database/refuse-when-stopped.ts';
import { GatewayError } from '../errors.ts';
import { makeFolder } from '../files/new-file.ts';
import { noProgress } from '../progress.ts';
import { sha256OfFile } from './sha256-of-file.ts';

export interface UntouchedCopy {
  /** Absolute; its -wal and -journal are beside it where there were any. */
  readonly file: string;
  readonly wal: string | null;
  readonly journal: string | null;
  readonly bytes: number;
}

interface CopyRequest {
  /** The database file itself, behind symbolic links. */
  readonly path: string;
  /** A folder for this copy alone; it is made, under a name that is free. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * Copies a database file with its -wal and -journal byte for byte, for this user alone, and proves each copy by
 * its hash. It asks nothing of the file, which may be damaged. The -shm is not copied: SQLite makes it anew.
 *
 * @param handles takes those of the originals, for a caller who has a connection to them: closing one drops its
 *   locks (https://www.sqlite.org/howtocorrupt.html, 2.2). Without it they are closed here.
 * @throws GatewayError CORRUPT when a file changed meanwhile
 */
export async function backUpUntouched(
  { path, folder, signal }: CopyRequest,
  handles?: number[],
): Promise<UntouchedCopy> {
  const opened = handles ?? [];
  const place = makeFolder(folder);
  let bytes = 0;
  const copy = async (suffix: string): Promise<string | null> => {
    if (statSync(path + suffix, { throwIfNoEntry: false }) === undefined) return null;
    const from = openSync(path + suffix, 'r');
    opened.push(from);
    const into = join(place, basename(path) + suffix);
    try {
      await pipeline(
        createReadStream('', { fd: from, autoClose: false, start: 0 }),
        createWriteStream(into, { flags: 'wx', mode: 0o600 }),
        { signal },
      );
    } catch (error) {
      refuseWhenStopped(signal);
      throw error;
    }
    const was = await sha256OfFile(from, noProgress, signal);
    if (was !== (await sha256OfFile(into, noProgress, signal))) {
      throw new GatewayError('CORRUPT', `${path}${suffix} changed while it was copied to ${into}.`, {
        hint: 'Stop the gateway and everything else that has the database open, then run the command again. The database was not changed.',
      });
    }
    bytes += statSync(into).size;
    return into;
  };
  try {
    const wal = await copy('-wal');
    const journal = await copy('-journal');
    await copy('');
    return { file: join(place, basename(path)), wal, journal, bytes };
  } finally {
    if (handles === undefined) for (const handle of opened) closeSync(handle);
  }
}
