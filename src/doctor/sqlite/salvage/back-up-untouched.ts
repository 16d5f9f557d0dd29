import { chmodSync, copyFileSync, mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sha256OfFile } from '../../../backup/sha256-of-file.ts';
import { GatewayError } from '../../../errors.ts';
import { noProgress } from '../../../progress.ts';

export interface UntouchedCopy {
  /** Absolute; its -wal and -journal are beside it where there were any. */
  readonly file: string;
  readonly wal: string | null;
  readonly journal: string | null;
  readonly bytes: number;
}

/**
 * Copies a database file with its -wal and -journal byte for byte into a folder of its own among the backups,
 * for this user alone, and proves each copy by its hash. The -shm is not copied: SQLite makes it anew.
 *
 * @param label becomes part of the folder's name
 * @throws GatewayError CORRUPT when a file changed meanwhile
 */
export async function backUpUntouched(
  path: string,
  label: string,
  signal: AbortSignal,
): Promise<UntouchedCopy> {
  const folder = join(dirname(path), 'mcpgw-backups', `damaged-${label}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let bytes = 0;
  const copy = async (suffix: string): Promise<string | null> => {
    const from = path + suffix;
    if (statSync(from, { throwIfNoEntry: false }) === undefined) return null;
    const into = join(folder, basename(path) + suffix);
    copyFileSync(from, into);
    chmodSync(into, 0o600);
    const [was, is] = [
      await sha256OfFile(from, noProgress, signal),
      await sha256OfFile(into, noProgress, signal),
    ];
    if (was !== is) {
      throw new GatewayError('CORRUPT', `${from} changed while it was copied to ${into}.`, {
        hint: 'Stop the gateway and everything else that has the database open, then run the command again. The database was not changed.',
      });
    }
    bytes += statSync(into).size;
    return into;
  };
  const wal = await copy('-wal');
  const journal = await copy('-journal');
  await copy('');
  return { file: join(folder, basename(path)), wal, journal, bytes };
}
