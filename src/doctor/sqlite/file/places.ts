import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Findings, fine, found } from '../../../checks/check.ts';
import { shellWord } from '../../../report/shell-word.ts';
import { foldersAbove } from './access-problem.ts';
import { type FileCheck, fileCheck } from './file-check.ts';
import { type Mount, mountOf, readMounts } from './mounts.ts';

export const fileLinks = fileCheck({
  id: 'file.links',
  title: 'The file has one name only',
  level: 'warning',
  hint: 'Journals are named after the name a database is opened by: two programs that use two names of one file do not see each other’s journal, which damages it (https://www.sqlite.org/howtocorrupt.html, 2.5). Use one name, and a symbolic link for the other.',
  find(path) {
    const { nlink, ino } = statSync(path);
    if (nlink < 2) return fine();
    return {
      count: nlink - 1,
      sample: [`${path} has ${nlink} hard links (inode ${ino})`],
      command: `find ${shellWord(dirname(path))} -xdev -samefile ${shellWord(path)}`,
    };
  },
});

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

export const fileSynced = fileCheck({
  id: 'file.synced',
  title: 'No program copies its folder to a cloud',
  level: 'warning',
  hint: 'Such a program copies the database and its journal apart from each other and puts older copies back: transactions get lost and the file gets damaged. Keep the database in another folder, and only backups in this one.',
  preflight: 'warn',
  find(path) {
    const folder = syncedFolder(path) ?? markedFolder(path);
    if (folder === null) return fine();
    return found([`${path} is in a folder of ${folder.program}: ${folder.path}`]);
  },
});

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

export const fileMacos = fileCheck({
  id: 'file.macos',
  title: 'macOS keeps no program from the file',
  level: 'warning',
  hint: 'macOS may refuse to open the file ("Operation not permitted") although its mode allows it.',
  async find(path, { env }) {
    if (process.platform !== 'darwin') return fine();
    return judgeMacos(path, env.HOME ?? '', await quarantineOf(path));
  },
});

/**
 * @param home of this user
 * @param quarantine the attribute `com.apple.quarantine`, or null when the file has none
 */
export function judgeMacos(path: string, home: string, quarantine: string | null): Findings {
  const inHome = (folder: string) => home !== '' && path.startsWith(`${home}/${folder}/`);
  const sample: string[] = [];
  let command = '';
  if (['Library/Containers', 'Library/Group Containers'].some(inHome)) {
    sample.push(`${path} is in the sandbox of an app: other programs need "Full Disk Access" to open it`);
  }
  const guarded = ['Desktop', 'Documents', 'Downloads'].find(inHome);
  if (guarded !== undefined) {
    sample.push(`${path} is in ${guarded}, which background services may not open without being allowed to`);
  }
  if (quarantine !== null) {
    sample.push(`${path} is quarantined as a download`);
    command = `xattr -d com.apple.quarantine ${shellWord(path)}`;
  } else if (sample.length > 0) {
    command = `mkdir -p ~/mcpgateway && cp -p ${shellWord(path)} ~/mcpgateway/`;
  }
  return found(sample, { command });
}

async function quarantineOf(path: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('/usr/bin/xattr', ['-p', 'com.apple.quarantine', path], {
      timeout: 2_000,
    });
    return stdout.trim();
  } catch {
    return null;
  }
}
