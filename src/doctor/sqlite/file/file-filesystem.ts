import { dirname } from 'node:path';
import type { FileExamination } from './file-examination.ts';
import { type Mount, mountOf, readMounts } from './mounts.ts';
import { realFile } from './real-file.ts';

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

export const fileFilesystem: FileExamination = {
  id: 'file.filesystem',
  title: 'The file is on a local disk',
  level: 'warning',
  meaning: 'Keep the database on a disk of this machine, and only backups elsewhere.',
  command: '',
  preflight: 'warn',
  async find({ target }) {
    const path = realFile(target);
    return judgeFilesystem(path, mountOf(dirname(path), await readMounts()));
  },
};

/** @param mount where the file is; null when the system does not tell */
export function judgeFilesystem(path: string, mount: Mount | null) {
  if (mount === null) return { count: 0, sample: [] };
  const { point, type, source } = mount;
  const risk = RISKS.find(([types]) => types.test(type));
  if (risk === undefined) return { count: 0, sample: [`${type}, mounted at ${point}`] };
  const from = source === '' || source === type ? '' : ` (${withoutUser(source)})`;
  return {
    count: 1,
    sample: [`${path} is on ${risk[1]}: ${type}${from} at ${point}`],
    hint: `${risk[2]} ${fileFilesystem.meaning}`,
  };
}

/** `//user:password@server/share` */
function withoutUser(source: string): string {
  return source.replace(/\/\/[^/]*@/, '//');
}
