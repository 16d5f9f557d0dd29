import { accessSync, constants, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { CLEAN, type DoctorCheck, found } from '../../checks/check.ts';
import { errorText } from '../../errors.ts';
import { statOrNothing } from '../../files/stat-or-nothing.ts';
import { shell } from '../../report/advice.ts';
import { byteSize } from '../../report/byte-size.ts';
import type { DoctorContext } from '../context.ts';

/** What client programs put aside. */
const LEAST_BYTES = 16e6;
/** What is looked through for a folder, in this order (https://www.sqlite.org/tempfiles.html, section 5). */
const SQLITE_FOLDERS = ['/var/tmp', '/usr/tmp', '/tmp'];

/** SQLite sorts the keys of new indexes in a temporary file; without room for it a migration is taken back. */
export const temporaryFiles: DoctorCheck<DoctorContext> = {
  id: 'machine.temporary-files',
  title: 'Temporary files have a place and room',
  level: 'warning',
  hint: 'A migration that makes indexes on large tables ends in “disk I/O error” or “database or disk is full”, and is taken back. Make room, or name another folder in TMPDIR (for SQLite also in SQLITE_TMPDIR).',
  async find({ env, inspected: { target } }) {
    if (process.platform === 'win32') return CLEAN;
    const isSqlite = target?.dialect === 'sqlite';
    const named = isSqlite ? [env.SQLITE_TMPDIR, env.TMPDIR] : [env.TMPDIR, env.TMP, env.TEMP];
    const asked = named.filter((folder) => folder !== undefined && folder !== '') as string[];
    const candidates = [...asked, ...(isSqlite ? SQLITE_FOLDERS : ['/tmp'])];
    const refused = new Map(candidates.map((folder) => [folder, whyNot(folder)]));
    const place = candidates.find((folder) => refused.get(folder) === null);
    const broken = asked.filter((folder) => refused.get(folder) !== null);
    if (place === undefined || broken.length > 0) {
      const places = place === undefined ? candidates : broken;
      const instead = place === undefined ? '' : `; ${place} is used`;
      return found(
        places.map((folder) => `${folder}: ${refused.get(folder)}${instead}`),
        { command: place === undefined ? undefined : shell('unset SQLITE_TMPDIR TMPDIR') },
      );
    }
    const { bavail, bsize } = await statfs(place);
    const free = bavail * bsize;
    // The keys of all indexes are less than the file.
    const size = target?.dialect === 'sqlite' ? (statOrNothing(target.path)?.size ?? 0) : 0;
    const needed = Math.max(LEAST_BYTES, size);
    const sample = [`${place}: ${byteSize(free)} free, up to ${byteSize(needed)} needed`];
    return { count: free < needed ? 1 : 0, sample };
  },
};

/** Why nothing can be written to a folder, or null; asks without writing. */
function whyNot(folder: string): string | null {
  try {
    if (!statSync(folder).isDirectory()) return 'it is no folder';
    accessSync(folder, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? errorText(error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'this user may not write to it',
  EROFS: 'it is mounted read-only',
};
