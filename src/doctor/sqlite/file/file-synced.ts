import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FileExamination } from './file-examination.ts';
import { foldersAbove } from './folders-above.ts';
import { realFile } from './real-file.ts';

/** Programs that copy folders, by how their folders are called. */
const FOLDERS: readonly (readonly [name: RegExp, program: string])[] = [
  [/^Mobile Documents$|^iCloud ?Drive$/i, 'iCloud'],
  [/^Dropbox( \(.*\))?$|^Dropbox-/, 'Dropbox'],
  [/^OneDrive( - .*)?$|^OneDrive-/, 'OneDrive'],
  [/^Google ?Drive( .*)?$|^GoogleDrive-/, 'Google Drive'],
  [/^Nextcloud\d*$/, 'Nextcloud'],
  [/^ownCloud\d*$/, 'ownCloud'],
  [/^Box( Sync)$|^Box-Box$/, 'Box'],
  [/^pCloud ?Drive$/i, 'pCloud'],
  [/^(MEGAsync|MEGA-.*)$/, 'MEGA'],
  [/^Proton ?Drive.*$/, 'Proton Drive'],
  [/^Seafile$/, 'Seafile'],
];

/** Files these programs keep in the folders they copy. */
const MARKERS: readonly (readonly [file: string, program: string])[] = [
  ['.dropbox', 'Dropbox'],
  ['.dropbox.cache', 'Dropbox'],
  ['.stfolder', 'Syncthing'],
  ['.nextcloudsync.log', 'Nextcloud'],
  ['.owncloudsync.log', 'ownCloud'],
];

export const fileSynced: FileExamination = {
  id: 'file.synced',
  title: 'No program copies its folder to a cloud',
  level: 'warning',
  meaning:
    'Such a program copies the database and its journal apart from each other and puts older copies back: transactions get lost and the file gets damaged. Keep the database in another folder, and only backups in this one.',
  command: '',
  preflight: 'warn',
  async find({ target }) {
    const path = realFile(target);
    const folder = syncedFolder(path) ?? markedFolder(path);
    if (folder === null) return { count: 0, sample: [] };
    return { count: 1, sample: [`${path} is in a folder of ${folder.program}: ${folder.path}`] };
  },
};

interface SyncedFolder {
  readonly path: string;
  readonly program: string;
}

/** The folder in a path that belongs to such a program by its name. */
export function syncedFolder(path: string): SyncedFolder | null {
  for (const folder of foldersAbove(path)) {
    const name = folder.slice(folder.lastIndexOf('/') + 1);
    const known = FOLDERS.find(([pattern]) => pattern.test(name));
    if (known !== undefined) return { path: folder, program: known[1] };
  }
  return null;
}

function markedFolder(path: string): SyncedFolder | null {
  for (const folder of foldersAbove(path).slice(1)) {
    const known = MARKERS.find(([file]) => existsSync(join(folder, file)));
    // A home folder has a `.dropbox` of the program itself, without being copied.
    if (known !== undefined && !existsSync(join(folder, known[0], 'instance1'))) {
      return { path: folder, program: known[1] };
    }
  }
  return null;
}
