import { constants, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fine, found } from '../../../checks/check.ts';
import { sqliteBackupFolder, sqliteBytes } from '../../../database/sqlite/backup.ts';
import { byteSize } from '../../../report/byte-size.ts';
import { readHeader } from '../../../salvage/index.ts';
import { accessProblem, foldersAbove } from './access-problem.ts';
import { fileCheck } from './file-check.ts';

/** Journal, WAL, shm, and what SQLite puts aside. */
const FILES_NEEDED = 16;

export const fileSpace = fileCheck({
  id: 'file.space',
  title: 'Its disk has room for a migration',
  level: 'error',
  hint: 'A migration writes up to the size of the database once more, as journal and as rebuilt tables. On a full disk it is taken back ("database or disk is full"). Make room first.',
  preflight: 'warn',
  async find(path) {
    const folder = dirname(path);
    return judgeSpace(folder, await freeSpace(folder), migrationBytes(path));
  },
});

interface FreeSpace {
  /** For this user: what is kept for root is not in it. */
  readonly bytes: number;
  /** How many files can still be made; null on file systems that do not count them. */
  readonly files: number | null;
}

async function freeSpace(folder: string): Promise<FreeSpace> {
  const { bavail, bsize, files, ffree } = await statfs(folder);
  return { bytes: bavail * bsize, files: files > 0 ? ffree : null };
}

/** @param needed bytes */
export function judgeSpace(folder: string, { bytes, files }: FreeSpace, needed: number) {
  const sample: string[] = [];
  if (bytes < needed) {
    sample.push(`${folder} has ${byteSize(bytes)} free; a migration may need ${byteSize(needed)}`);
  }
  if (files !== null && files < FILES_NEEDED) {
    sample.push(`${folder} has room for ${files} more files only (inodes: df -i)`);
  }
  return sample.length > 0 ? found(sample) : fine(freeAndNeeded(bytes, needed));
}

const freeAndNeeded = (bytes: number, needed: number) =>
  `${byteSize(bytes)} free, ${byteSize(needed)} needed at most`;

/**
 * How many bytes a migration may need beside the database. Measured with the sample, two thirds of whose pages are
 * rebuilt: 0.8 of its size with a rollback journal. In WAL mode the new pages are written twice, to the log and
 * then to the file: below 1.5 of its size it commits, but the log cannot be brought over any more.
 */
function migrationBytes(path: string): number {
  return Math.ceil(sqliteBytes(path) * (readHeader(path)?.journal === 'wal' ? 1.5 : 1));
}

export const fileBackup = fileCheck({
  id: 'file.backup',
  title: 'A backup can be kept beside it',
  level: 'error',
  hint: 'A migration begins with a backup, and does not begin where none can be made. Make room there, or name a folder on another disk with --backup-dir.',
  async find(path, { target }) {
    const place = sqliteBackupFolder(target.path);
    const folder = [...foldersAbove(place), place].findLast(
      (each) => statSync(each, { throwIfNoEntry: false }) !== undefined,
    );
    if (folder === undefined) return fine();
    const stats = statSync(folder);
    if (!stats.isDirectory()) return found([`${place}: ${folder} is a file, not a folder`]);
    const problem = await accessProblem(folder, constants.W_OK | constants.X_OK);
    if (problem !== null) return found([`${place}: ${problem.text}`]);
    // On the same disk the migration itself needs room, too.
    const isShared = stats.dev === statSync(dirname(path)).dev;
    const needed = sqliteBytes(path) + (isShared ? migrationBytes(path) : 0);
    const { bytes } = await freeSpace(folder);
    const facts = `${place}: ${freeAndNeeded(bytes, needed)}`;
    return bytes >= needed ? fine(facts) : found([`${facts} for a backup and the migration`]);
  },
});
