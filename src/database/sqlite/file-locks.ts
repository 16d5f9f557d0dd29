import { readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from './lines-of.ts';

/** A lock on bytes of a file, and the process that has it. */
export interface FileLock {
  readonly pid: number;
  readonly mode: 'READ' | 'WRITE';
  readonly first: number;
  /** Infinity for a lock to the end of the file. */
  readonly last: number;
}

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The bytes SQLite locks in the database file (https://www.sqlite.org/lockingv3.html and os.h) and, in WAL mode,
 * in the `-shm` file beside it (https://www.sqlite.org/walformat.html, 2.3.1).
 */
export const LOCK_BYTES = {
  pending: { first: 0x40000000, last: 0x40000000 },
  reserved: { first: 0x40000001, last: 0x40000001 },
  shared: { first: 0x40000002, last: 0x400001ff },
  walWrite: { first: 120, last: 120 },
  walRead: { first: 123, last: 127 },
} as const satisfies Record<string, ByteRange>;

/**
 * The locks other processes have on a file, as Linux lists them in `/proc/locks`, whoever runs them; none where
 * that cannot be known: on other systems, and for processes in another container.
 */
export function fileLocks(file: string): readonly FileLock[] {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  const found: FileLock[] = [];
  // `1: POSIX  ADVISORY  WRITE 19588 fe:00:2278187 1073741825 1073741825`; waiting processes have a `->`.
  for (const line of linesOf('/proc/locks')) {
    const [, kind, , mode, pidText = '', place = '', first = '', last = ''] = line.split(/\s+/);
    const pid = Number(pidText);
    if (kind !== 'POSIX' || (mode !== 'WRITE' && mode !== 'READ') || !(pid > 0) || pid === process.pid)
      continue;
    if (!place.endsWith(`:${stats.ino}`) || !isSameDevice(place, stats.dev, pid, file)) continue;
    found.push({ pid, mode, first: Number(first), last: last === 'EOF' ? Infinity : Number(last) });
  }
  return found;
}

export function covers(lock: FileLock, bytes: ByteRange): boolean {
  return lock.first <= bytes.last && lock.last >= bytes.first;
}

/** Btrfs and overlay file systems list another device than stat() gives: then the open files decide. */
function isSameDevice(place: string, device: number, pid: number, file: string): boolean {
  const [major = '', minor = ''] = place.split(':');
  const listed = `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`;
  // The layout of glibc's makedev(3) for numbers below 2^32.
  const own = `${(device >> 8) & 0xfff}:${(device & 0xff) | ((device >> 12) & 0xfff00)}`;
  return listed === own || hasOpen(pid, file);
}

function hasOpen(pid: number, file: string): boolean {
  try {
    const path = realpathSync(file);
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((name) => readlinkSync(join(folder, name)) === path);
  } catch {
    // Gone by now, or not ours to see.
    return false;
  }
}
