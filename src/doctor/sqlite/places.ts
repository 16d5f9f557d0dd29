import { constants, existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Findings, fine, found } from '../../checks/check.ts';
import { sqliteBackupFolder, sqliteBytes } from '../../database/sqlite/backup.ts';
import { type Mount, mountOf, readMounts } from '../../files/mounts.ts';
import { shell } from '../../report/advice.ts';
import { byteSize } from '../../report/byte-size.ts';
import { shellWord } from '../../report/shell-word.ts';
import { readHeader } from '../../salvage/index.ts';
import { accessProblem, foldersAbove } from './access.ts';
import { type FileCheck, fileCheck } from './file-check.ts';

const NETWORK =
  'SQLite’s locks do not work reliably over a network: two writers damage the database, and WAL cannot work at all (https://www.sqlite.org/useovernet.html).';
const SHARED =
  'Locks and shared memory do not reach across to the other side: if a program there opens the file, too, the database gets damaged.';
const FUSE =
  'Many file systems of this kind (sshfs, rclone, s3fs …) keep no locks and upload later: a second writer or a broken connection damages the database.';
const FAT = 'It has no owners and modes, and a power cut can leave it damaged; files end at 4 GB on FAT.';

/** What may be wrong with a file system, by its type as the system names it. */
const RISKS: readonly (readonly [types: RegExp, what: string, risk: string])[] = [
  [/^(nfs|nfs4)$/, 'a network file system (NFS)', NETWORK],
  [/^(cifs|smb[23fs]*|smbfs|ncpfs)$/, 'a network share (SMB)', NETWORK],
  [/^(afpfs|webdav|davfs2?|afs|ceph|lustre|beegfs|glusterfs|gpfs)$/, 'a network file system', NETWORK],
  [/^(9p|drvfs|v9fs)$/, 'a folder shared with the host or with Windows (9p)', SHARED],
  [/^(virtiofs|vboxsf|vmhgfs|prl_fs|osxfs|grpcfuse|fakeowner)$/, 'a folder shared with the host', SHARED],
  [/^fuse\.(grpcfuse|osxfs|vmhgfs-fuse)$/, 'a folder shared with the host', SHARED],
  [/^(exfat|vfat|msdos|fuse\.exfat)$/, 'exFAT or FAT', FAT],
  // `fuseblk` is a local disk (NTFS as a rule) and `fuse-overlayfs` the local layers of a container.
  [/^(fuse|osxfuse|macfuse)(\.(?!fuse-overlayfs$).*)?$/, 'a file system of a program (FUSE)', FUSE],
];

export const fileFilesystem: FileCheck = fileCheck({
  id: 'file.filesystem',
  title: 'The file is on a local disk',
  level: 'warning',
  hint: 'Keep the database on a disk of this machine, and only backups elsewhere.',
  preflight: 'warn',
  find: async (path) => judgeFilesystem(path, mountOf(dirname(path), await readMounts())),
});

/** @param mount where the file is; null when the system does not tell */
export function judgeFilesystem(path: string, mount: Mount | null): Findings {
  if (mount === null) return fine();
  const { point, type, source } = mount;
  const [, what, risk] = RISKS.find(([types]) => types.test(type)) ?? [];
  if (what === undefined) return fine(`${type}, mounted at ${point}`);
  // `//user:password@server/share`
  const from = source === '' || source === type ? '' : ` (${source.replace(/\/\/[^/]*@/, '//')})`;
  return found([`${path} is on ${what}: ${type}${from} at ${point}`], {
    hint: `${risk} ${fileFilesystem.hint}`,
  });
}

/** Programs that copy folders: how their folders are called, and what they keep in those that they copy. */
const SYNCING: readonly (readonly [program: string, folders: RegExp | null, ...files: string[]])[] = [
  ['iCloud', /^Mobile Documents$|^iCloud ?Drive$/i],
  ['Dropbox', /^Dropbox( \(.*\))?$|^Dropbox-/, '.dropbox', '.dropbox.cache'],
  ['OneDrive', /^OneDrive( - .*)?$|^OneDrive-/],
  ['Google Drive', /^Google ?Drive( .*)?$|^GoogleDrive-/],
  ['Nextcloud', /^Nextcloud\d*$/, '.nextcloudsync.log'],
  ['ownCloud', /^ownCloud\d*$/, '.owncloudsync.log'],
  ['Box', /^Box( Sync)$|^Box-Box$/],
  ['pCloud', /^pCloud ?Drive$/i],
  ['MEGA', /^(MEGAsync|MEGA-.*)$/],
  ['Proton Drive', /^Proton ?Drive.*$/],
  ['Seafile', /^Seafile$/],
  ['Syncthing', null, '.stfolder'],
];

/** The folder in a path that such a program copies. */
export function syncedFolder(path: string): { readonly path: string; readonly program: string } | null {
  for (const folder of foldersAbove(path).slice(1)) {
    const name = folder.slice(folder.lastIndexOf('/') + 1);
    // A home folder has a `.dropbox` of the program itself, without being copied.
    const has = (file: string) =>
      existsSync(join(folder, file)) && !existsSync(join(folder, file, 'instance1'));
    const known = SYNCING.find(([, folders, ...files]) => folders?.test(name) || files.some(has));
    if (known !== undefined) return { path: folder, program: known[0] };
  }
  return null;
}

/** Folders of a home that macOS guards. */
const GUARDED: readonly (readonly [folders: RegExp, why: (folder: string) => string])[] = [
  [
    /^Library\/(?:Containers|Group Containers)(?=\/)/,
    () => 'is in the sandbox of an app: other programs need "Full Disk Access" to open it',
  ],
  [
    /^(?:Desktop|Documents|Downloads)(?=\/)/,
    (folder) => `is in ${folder}, which background services may not open without being allowed to`,
  ],
];

/** @param home of this user */
export function judgeMacos(path: string, home: string): Findings {
  const inHome = home !== '' && path.startsWith(`${home}/`) ? path.slice(home.length + 1) : '';
  const sample = GUARDED.flatMap(([folders, why]) => {
    const [folder] = folders.exec(inHome) ?? [];
    return folder === undefined ? [] : [`${path} ${why(folder)}`];
  });
  return found(sample, { command: shell(`mkdir -p ~/mcpgateway && cp -p ${shellWord(path)} ~/mcpgateway/`) });
}

export const placeChecks: readonly FileCheck[] = [
  fileCheck({
    id: 'file.links',
    title: 'The file has one name only',
    level: 'warning',
    hint: 'Journals are named after the name a database is opened by: two programs that use two names of one file do not see each other’s journal, which damages it (https://www.sqlite.org/howtocorrupt.html, 2.5). Use one name, and a symbolic link for the other.',
    find(path) {
      const { nlink, ino } = statSync(path);
      return {
        count: nlink - 1,
        sample: nlink < 2 ? [] : [`${path} has ${nlink} hard links (inode ${ino})`],
        command: shell(`find ${shellWord(dirname(path))} -xdev -samefile ${shellWord(path)}`),
      };
    },
  }),
  fileFilesystem,
  fileCheck({
    id: 'file.synced',
    title: 'No program copies its folder to a cloud',
    level: 'warning',
    hint: 'Such a program copies the database and its journal apart from each other and puts older copies back: transactions get lost and the file gets damaged. Keep the database in another folder, and only backups in this one.',
    preflight: 'warn',
    find(path) {
      const folder = syncedFolder(path);
      return found(folder === null ? [] : [`${path} is in a folder of ${folder.program}: ${folder.path}`]);
    },
  }),
  fileCheck({
    id: 'file.macos',
    title: 'macOS keeps no program from the file',
    level: 'warning',
    hint: 'macOS may refuse to open the file ("Operation not permitted") although its mode allows it.',
    find: (path, { env }) => (process.platform === 'darwin' ? judgeMacos(path, env.HOME ?? '') : fine()),
  }),
  fileCheck({
    id: 'file.space',
    title: 'Its disk has room for a migration',
    level: 'error',
    hint: 'A migration writes up to the size of the database once more, as journal and as rebuilt tables. On a full disk it is taken back ("database or disk is full"). Make room first.',
    preflight: 'warn',
    async find(path) {
      const folder = dirname(path);
      return judgeSpace(folder, await freeSpace(folder), migrationBytes(path));
    },
  }),
  fileCheck({
    id: 'file.backup',
    title: 'A backup can be kept beside it',
    level: 'error',
    hint: 'A migration begins with a backup, and does not begin where none can be made. Make room there, or name a folder on another disk with --backup-dir.',
    async find(path, { target }) {
      const place = sqliteBackupFolder(target.path);
      const folder = [...foldersAbove(place), place].findLast((each) => existsSync(each));
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
  }),
];

/** Journal, WAL, shm, and what SQLite puts aside. */
const FILES_NEEDED = 16;

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
export function judgeSpace(folder: string, { bytes, files }: FreeSpace, needed: number): Findings {
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
