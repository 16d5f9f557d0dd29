import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Who holds a lock: a process of this machine. */
export interface Holder {
  /** `mcpgw pid 123, running since 2026-01-02T03:04:05Z` */
  readonly text: string;
  /** Whether it is another run of this program. */
  readonly isMcpgw: boolean;
}

/** Bytes that SQLite locks to write (https://www.sqlite.org/lockingv3.html: PENDING and RESERVED). */
const WRITE_BYTES = { first: 0x40000000, last: 0x40000001 } as const;
/** In WAL mode a byte of the `-shm` file instead: WAL_WRITE_LOCK (https://www.sqlite.org/walformat.html, 2.3.1). */
const WAL_WRITE_BYTES = { first: 120, last: 120 } as const;

/**
 * The process that holds the write lock of an SQLite file, as Linux lists it in `/proc/locks`; null where that
 * cannot be known: on other systems, for a process in another container, or when the lock is free by now.
 */
export function writeLockHolder(path: string): Holder | null {
  const pid = lockingProcess(path, WRITE_BYTES) ?? lockingProcess(`${path}-shm`, WAL_WRITE_BYTES);
  return pid === null ? null : describeProcess(pid);
}

function lockingProcess(
  file: string,
  wanted: { readonly first: number; readonly last: number },
): number | null {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  // `1: POSIX  ADVISORY  WRITE 19588 fe:00:2278187 1073741825 1073741825`; waiting processes have a `->`.
  for (const line of linesOf('/proc/locks')) {
    const [, kind, , mode, pidText = '', place = '', first = '', last = ''] = line.split(/\s+/);
    const pid = Number(pidText);
    if (kind !== 'POSIX' || mode !== 'WRITE' || !(pid > 0) || pid === process.pid) continue;
    const covers = Number(first) <= wanted.last && (last === 'EOF' || Number(last) >= wanted.first);
    if (covers && place.endsWith(`:${stats.ino}`) && isSameDevice(place, stats.dev, pid, file)) return pid;
  }
  return null;
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

function describeProcess(pid: number): Holder {
  const words = (linesOf(`/proc/${pid}/cmdline`)[0] ?? '').split('\0').filter((word) => word !== '');
  const isMcpgw = words.slice(0, 3).some(isThisProgram);
  const name = isMcpgw ? 'mcpgw' : programName(words) || linesOf(`/proc/${pid}/comm`)[0] || 'a process';
  const since = startOf(pid);
  return {
    isMcpgw,
    text: `${name} pid ${pid} on this host${since === null ? '' : `, running since ${since}`}`,
  };
}

function isThisProgram(word: string): boolean {
  if (basename(word) === 'mcpgw') return true;
  try {
    return realpathSync(word) === realpathSync(process.argv[1] ?? '') && word.includes('cli');
  } catch {
    return false;
  }
}

/**
 * The program and, for an interpreter, its script: never all arguments, which may hold secrets.
 */
function programName([program = '', ...args]: readonly string[]): string {
  const name = basename(program);
  if (!/^(node|python[\d.]*|uvicorn|gunicorn|ruby|sh|bash|java|bun|deno)$/.test(name)) return name;
  const script = args.find((word) => !word.startsWith('-') && !word.includes('=') && !word.includes('@'));
  return script === undefined ? name : `${name} ${basename(script)}`;
}

/** Hundredths of a second since the machine started, on every Linux that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** Field of `/proc/<pid>/stat` after the name in brackets, which may hold blanks: `starttime` (proc(5)). */
const START_FIELD = 19;

function startOf(pid: number): string | null {
  const stat = linesOf(join('/proc', String(pid), 'stat'))[0];
  const ticks = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD]);
  const boot = Number(
    linesOf('/proc/stat')
      .find((line) => line.startsWith('btime '))
      ?.slice('btime '.length),
  );
  if (!(ticks > 0) || !(boot > 0)) return null;
  return `${new Date((boot + ticks / TICKS_PER_SECOND) * 1000).toISOString().slice(0, 19)}Z`;
}

/** None for a file that is not there, or not ours to read. */
function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}
