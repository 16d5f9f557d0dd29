import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

export interface Mount {
  /** Where it is mounted; absolute. */
  readonly point: string;
  /** `ext4`, `nfs4`, `fuse.sshfs` … */
  readonly type: string;
  /** What is mounted: a device, `server:/export` … */
  readonly source: string;
}

/** What is mounted here, in the order of mounting; nothing where the system does not tell. */
export async function readMounts(): Promise<readonly Mount[]> {
  if (process.platform !== 'darwin') return parseMountInfo(linesOf('/proc/self/mountinfo'));
  try {
    const { stdout } = await promisify(execFile)('/sbin/mount', [], { timeout: 2_000 });
    return parseMacosMounts(stdout);
  } catch {
    return [];
  }
}

/**
 * @param lines of `/proc/self/mountinfo` (proc(5)):
 *   `36 35 98:0 /mnt1 /mnt/parent\040dir rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
 */
export function parseMountInfo(lines: readonly string[]): readonly Mount[] {
  return lines.flatMap((line) => {
    const [mount = '', superBlock = ''] = line.split(' - ');
    const [, , , , point] = mount.split(' ');
    const [type = '', source = ''] = superBlock.split(' ');
    return point === undefined ? [] : [{ point: unescaped(point), type, source: unescaped(source) }];
  });
}

/** @param text what `mount` prints on macOS: `//user@server/share on /Volumes/share (smbfs, nodev, read-only)` */
export function parseMacosMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const found = /^(.+?) on (\/.*) \(([^)]*)\)$/.exec(line);
    if (found === null) return [];
    const [, source = '', point = '', options = ''] = found;
    return [{ point, type: options.split(', ')[0] ?? '', source }];
  });
}

/** The file system a file is on: of those mounted above it the nearest, and of these the one mounted last. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | null {
  let nearest: Mount | null = null;
  for (const mount of mounts) {
    const { point } = mount;
    const isAbove = path === point || point === '/' || path.startsWith(`${point}/`);
    if (isAbove && point.length >= (nearest?.point.length ?? 0)) nearest = mount;
  }
  return nearest;
}

/** Blanks and the like are written as `\040`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** The lines of a file of the system, such as `/proc/locks`; none for one that is not there, or not ours to read. */
export function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}
