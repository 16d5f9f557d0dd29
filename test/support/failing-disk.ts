import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

export interface FailingDisk {
  readonly folder: string;
  /** What a disk with a bad block does: Linux makes its file system read-only, whatever is open on it. */
  fail(): void;
}

/** A file system of its own, in a file, or undefined where this user may not mount one. */
export function failingDisk(mib: number): FailingDisk | undefined {
  const place = temporaryFolder();
  const [image, folder] = [join(place, 'image'), join(place, 'disk')];
  mkdirSync(folder);
  try {
    writeFileSync(image, '');
    truncateSync(image, mib * 1024 ** 2);
    execFileSync('mkfs.ext4', ['-q', image], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'loop,errors=remount-ro', image, folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder], { stdio: 'ignore' }));
  const line = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .find((each) => each.split(' ')[1] === folder);
  const device = basename(line?.split(' ')[0] ?? '');
  return { folder, fail: () => writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'mcpgw test') };
}
