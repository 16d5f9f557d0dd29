import { constants, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sqliteBackupFolder, sqliteBytes } from '../../../database/sqlite/backup.ts';
import { byteSize } from '../../../report/byte-size.ts';
import { accessProblem } from './access-problem.ts';
import type { FileExamination } from './file-examination.ts';
import { foldersAbove } from './folders-above.ts';
import { freeSpace } from './free-space.ts';
import { migrationBytes } from './migration-bytes.ts';
import { realFile } from './real-file.ts';

export const fileBackup: FileExamination = {
  id: 'file.backup',
  title: 'A backup can be kept beside it',
  level: 'error',
  meaning:
    'A migration begins with a backup, and does not begin where none can be made. Make room there, or name a folder on another disk with --backup-dir.',
  command: '',
  async find({ target }) {
    const path = realFile(target);
    const place = sqliteBackupFolder(target.path);
    const folder = [...foldersAbove(place), place].findLast(
      (each) => statSync(each, { throwIfNoEntry: false }) !== undefined,
    );
    if (folder === undefined) return { count: 0, sample: [] };
    if (!statSync(folder).isDirectory()) {
      return { count: 1, sample: [`${place}: ${folder} is a file, not a folder`] };
    }
    const problem = await accessProblem(folder, constants.W_OK | constants.X_OK);
    if (problem !== null) return { count: 1, sample: [`${place}: ${problem.text}`] };
    const size = sqliteBytes(path);
    // On the same disk the migration itself needs room, too.
    const isShared = statSync(folder).dev === statSync(dirname(path)).dev;
    const needed = size + (isShared ? migrationBytes(path) : 0);
    const { bytes } = freeSpace(await statfs(folder));
    const facts = `${byteSize(bytes)} free, ${byteSize(needed)} needed at most`;
    if (bytes >= needed) return { count: 0, sample: [`${place}: ${facts}`] };
    return { count: 1, sample: [`${place}: ${facts} for a backup and the migration`] };
  },
};
