import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judgeFilesystem, judgeMacos, syncedFolder } from '../../../src/doctor/sqlite/places.ts';
import { mountOf, parseMacosMounts, parseMountInfo } from '../../../src/files/mounts.ts';
import { shell } from '../../../src/report/advice.ts';
import { askDoctor } from '../../support/doctor.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';

const MOUNTS = parseMountInfo(
  `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=remount-ro
30 22 0:40 / /data rw,relatime shared:9 - nfs4 files.example.com:/export rw,vers=4.2
31 22 0:41 / /mnt/my\\040share rw - cifs //me:secret@files.example.com/share rw
32 22 0:42 / /remote rw,nosuid - fuse.sshfs me@host:/srv rw
33 22 8:17 / /usb rw - exfat /dev/sdb1 rw
34 22 8:18 / /windows rw - fuseblk /dev/sdb2 rw
35 22 0:43 / /home/me/project rw - virtiofs share rw
36 22 0:44 / /mnt/c rw - 9p C:\\134 rw
37 30 0:45 / /data/local ro - xfs /dev/vdb rw
38 22 0:46 / /layers rw - fuse.fuse-overlayfs fuse-overlayfs rw`.split('\n'),
);

describe('file.filesystem', () => {
  const CASES: readonly (readonly [path: string, says: string | null])[] = [
    ['/var/lib/mcp.db', null],
    ['/database/mcp.db', null],
    ['/data/mcp.db', 'a network file system (NFS): nfs4 (files.example.com:/export) at /data'],
    ['/data/local/mcp.db', null],
    ['/mnt/my share/mcp.db', 'a network share (SMB): cifs (//files.example.com/share) at /mnt/my share'],
    ['/remote/a/mcp.db', 'a file system of a program (FUSE): fuse.sshfs'],
    ['/usb/mcp.db', 'exFAT or FAT: exfat (/dev/sdb1)'],
    ['/windows/mcp.db', null],
    ['/home/me/project/mcp.db', 'a folder shared with the host: virtiofs'],
    ['/mnt/c/mcp.db', 'a folder shared with the host or with Windows (9p)'],
    ['/layers/mcp.db', null],
  ];

  for (const [path, says] of CASES) {
    test(`${path}: ${says ?? 'a local disk'}`, () => {
      const found = judgeFilesystem(path, mountOf(path, MOUNTS));
      if (says === null) expect(found.count).toBe(0);
      else expect(found).toMatchObject({ count: 1, sample: [expect.stringContaining(`is on ${says}`)] });
      expect(JSON.stringify(found)).not.toContain('secret');
    });
  }

  test('other FUSE file systems, and where the system does not tell', () => {
    const on = (type: string) => judgeFilesystem('/x/mcp.db', { point: '/x', type, source: '' });
    for (const type of [
      'fuse',
      'fuse.rclone',
      'fuse.s3fs',
      'macfuse',
      'davfs',
      'smbfs',
      'nfs',
      'vfat',
      'ceph',
    ]) {
      expect([type, on(type).count]).toEqual([type, 1]);
    }
    for (const type of ['ext4', 'xfs', 'btrfs', 'zfs', 'overlay', 'tmpfs', 'apfs']) {
      expect([type, on(type).count]).toEqual([type, 0]);
    }
    expect(judgeFilesystem('/x/mcp.db', null).count).toBe(0);
  });

  test('read-only mounts, and the last of two at one place', () => {
    expect(mountOf('/data/local/mcp.db', MOUNTS)).toMatchObject({ type: 'xfs' });
    expect(mountOf('/', MOUNTS)).toMatchObject({ type: 'ext4' });
    const twice = [...MOUNTS, { point: '/data', type: 'tmpfs', source: 'tmpfs' }];
    expect(mountOf('/data/mcp.db', twice)?.type).toBe('tmpfs');
  });

  test('the list of macOS', () => {
    const mounts = parseMacosMounts(`/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//me@nas.local/share on /Volumes/share (smbfs, nodev, nosuid, mounted by me)
`);
    expect(mounts).toHaveLength(3);
    expect(mountOf('/Users/me/mcp.db', mounts)).toMatchObject({ type: 'apfs' });
    const share = judgeFilesystem('/Volumes/share/mcp.db', mountOf('/Volumes/share/mcp.db', mounts));
    expect(share.sample[0]).toContain('smbfs (//nas.local/share) at /Volumes/share');
  });
});

describe('file.synced', () => {
  test('folders by their names', () => {
    const programs = [
      ['/Users/me/Library/Mobile Documents/com~apple~CloudDocs/mcp.db', 'iCloud'],
      ['/Users/me/Dropbox/mcp.db', 'Dropbox'],
      ['/Users/me/Library/CloudStorage/Dropbox-Corp/mcp.db', 'Dropbox'],
      ['/Users/me/Library/CloudStorage/OneDrive-Corp/a/mcp.db', 'OneDrive'],
      ['/home/me/OneDrive - Corp/mcp.db', 'OneDrive'],
      ['/Users/me/Library/CloudStorage/GoogleDrive-me@corp.example.com/My Drive/mcp.db', 'Google Drive'],
      ['/home/me/Nextcloud/mcp.db', 'Nextcloud'],
    ] as const;
    for (const [path, program] of programs) expect(syncedFolder(path)?.program).toBe(program);
    for (const path of ['/srv/nextcloud/mcp.db', '/opt/dropboxer/mcp.db', '/data/Dropbox', '/mcp.db']) {
      expect(syncedFolder(path)).toBeNull();
    }
  });

  test('is found by the name of a folder and by the file a program keeps in it', async () => {
    const file = await sqliteFile('v0.7.0');
    const folder = join(file.folder, 'Dropbox');
    mkdirSync(folder);
    renameSync(file.name, join(folder, 'mcp.db'));
    const answer = await askDoctor(`sqlite:///${folder}/mcp.db`);
    expect(answer.of('file.synced')).toMatchObject({
      status: 'warned',
      findings: [`${folder}/mcp.db is in a folder of Dropbox: ${folder}`],
    });

    const other = await sqliteFile('v0.7.0');
    writeFileSync(join(other.folder, '.stfolder'), '');
    expect((await askDoctor(other.url)).of('file.synced').findings[0]).toContain('of Syncthing');
  });
});

describe('file.macos', () => {
  const home = '/Users/me';

  test('sandboxed and guarded folders', () => {
    const sample = (path: string) => judgeMacos(path, home).sample.join();
    expect(sample('/Users/me/Library/Containers/com.example/Data/mcp.db')).toContain('sandbox');
    expect(sample('/Users/me/Documents/mcp.db')).toContain('is in Documents');
    expect(sample('/Users/me/mcpgateway/mcp.db')).toBe('');
    expect(judgeMacos('/Users/you/Documents/mcp.db', '').count).toBe(0);
    expect(judgeMacos('/Users/me/Desktop/my gateway.db', home).command).toEqual(
      shell("mkdir -p ~/mcpgateway && cp -p '/Users/me/Desktop/my gateway.db' ~/mcpgateway/"),
    );
  });
});
