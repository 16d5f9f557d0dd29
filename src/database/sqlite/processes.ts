import { readdirSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename } from 'node:path';
import { linesOf } from '../../files/mounts.ts';
import type { Blocker } from '../blocker.ts';

/** What Linux tells under `/proc` of who has a file; next to nothing on other systems. */

/** A process of this machine that has a file or a lock. */
export interface Holder extends Blocker {
  /** Whether it is another run of this program. */
  readonly isMcpgw: boolean;
}

/** What Linux tells of a process; little more than its number elsewhere. */
export function describeProcess(pid: number): Holder {
  const words = (linesOf(`/proc/${pid}/cmdline`)[0] ?? '').split('\0').filter((word) => word !== '');
  const isMcpgw = words.slice(0, 3).some(isThisProgram);
  const name = isMcpgw ? 'mcpgw' : programName(words) || linesOf(`/proc/${pid}/comm`)[0] || 'a process';
  const since = startOf(pid);
  return {
    isMcpgw,
    // A program that has the file open is stopped in its own way.
    end: null,
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

/** The program and, for an interpreter, its script: never all arguments, which may hold secrets. */
function programName([program = '', ...args]: readonly string[]): string {
  const name = basename(program);
  if (!/^(node|python[\d.]*|uvicorn|gunicorn|ruby|sh|bash|java|bun|deno)$/.test(name)) return name;
  // What has a blank is no script but a program's text, such as that of `sh -c`.
  const script = args.find((word) => !word.startsWith('-') && !/[\s=@]/.test(word));
  return script === undefined ? name : `${name} ${basename(script)}`;
}

/** Hundredths of a second since the machine started, on every Linux that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;
/** Field of `/proc/<pid>/stat` after the name in brackets, which may hold blanks: `starttime` (proc(5)). */
const START_FIELD = 19;

function startOf(pid: number): string | null {
  const stat = linesOf(`/proc/${pid}/stat`)[0];
  const ticks = Number(stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD]);
  const boot = Number(
    linesOf('/proc/stat')
      .find((line) => line.startsWith('btime '))
      ?.slice('btime '.length),
  );
  if (!(ticks > 0) || !(boot > 0)) return null;
  return `${new Date((boot + ticks / TICKS_PER_SECOND) * 1000).toISOString().slice(0, 19)}Z`;
}

/** A lock on bytes of a file, and the process that has it. */
export interface FileLock {
  readonly pid: number;
  readonly mode: 'READ' | 'WRITE';
  readonly first: number;
  /** Infinity for a lock to the end of the file. */
  readonly last: number;
}

interface ByteRange {
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
    if (!place.endsWith(`:${stats.ino}`) || !isSameDevice(place, stats, pid)) continue;
    found.push({ pid, mode, first: Number(first), last: last === 'EOF' ? Infinity : Number(last) });
  }
  return found;
}

export function covers(lock: FileLock, bytes: ByteRange): boolean {
  return lock.first <= bytes.last && lock.last >= bytes.first;
}

/** Btrfs and overlay file systems list another device than stat() gives: then the open files decide. */
function isSameDevice(place: string, stats: Stats, pid: number): boolean {
  const [major = '', minor = ''] = place.split(':');
  const listed = `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`;
  // The layout of glibc's makedev(3) for numbers below 2^32.
  const own = `${(stats.dev >> 8) & 0xfff}:${(stats.dev & 0xff) | ((stats.dev >> 12) & 0xfff00)}`;
  return listed === own || handlesOf(pid)?.some((handle) => isOneOf(handle, [stats])) === true;
}

/**
 * The process that holds the write lock of an SQLite file (in WAL mode it is a byte of the `-shm` file); null where
 * that cannot be known, or when the lock is free by now.
 */
export function writeLockHolder(path: string): Holder | null {
  const lock =
    fileLocks(path).find(
      (held) =>
        held.mode === 'WRITE' && (covers(held, LOCK_BYTES.pending) || covers(held, LOCK_BYTES.reserved)),
    ) ?? fileLocks(`${path}-shm`).find((held) => held.mode === 'WRITE' && covers(held, LOCK_BYTES.walWrite));
  return lock === undefined ? null : describeProcess(lock.pid);
}

/** Processes by their numbers, as Linux lists them in `/proc`; all empty on other systems. */
interface FileUsers {
  /** They have one of the files open. */
  readonly open: readonly number[];
  /** Of those, the ones that could write through it. */
  readonly writing: readonly number[];
  /** They have a file open that had one of these names and was removed or replaced since. */
  readonly replaced: readonly number[];
  /** This user may not look at them. */
  readonly hidden: readonly number[];
}

/** Other processes than this one. @param files paths; those that are not there are nobody's */
export function fileUsers(files: readonly string[]): FileUsers {
  const wanted = files.map((file) => statSync(file, { throwIfNoEntry: false })).filter((stats) => !!stats);
  const gone = new Set(files.map((file) => `${realFile(file)} (deleted)`));
  const none = (): number[] => [];
  const users = { open: none(), writing: none(), replaced: none(), hidden: none() };
  for (const name of namesIn('/proc') ?? []) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const handles = handlesOf(pid);
    if (handles === null) {
      users.hidden.push(pid);
      continue;
    }
    const own = handles.filter((handle) => handle.to.startsWith('/') && isOneOf(handle, wanted));
    if (own.length > 0) users.open.push(pid);
    if (own.some(({ path }) => !isReadOnly(path.replace('/fd/', '/fdinfo/')))) users.writing.push(pid);
    if (handles.some(({ to }) => gone.has(to))) users.replaced.push(pid);
  }
  return users;
}

/**
 * Other processes that have a file open, for people: `uvicorn (process 123)`. SQLite itself cannot tell: a
 * connection that is idle holds no lock. Linux only, and only processes this user may look at. Runs of this program
 * that only read are left out: what they read of a file that is replaced is true of it, and they write nothing.
 */
export function openElsewhere(path: string): readonly Holder[] {
  const { open, writing } = fileUsers([path]);
  return open.flatMap((pid) => {
    const holder = describeProcess(pid);
    if (holder.isMcpgw && !writing.includes(pid)) return [];
    return [{ ...holder, text: `${linesOf(`/proc/${pid}/comm`)[0] ?? 'a program'} (process ${pid})` }];
  });
}

/** Behind symbolic links, where SQLite keeps the journals of a file; the path itself for what is not there. */
export function realFile(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** An open file of a process. */
interface Handle {
  /** Under `/proc`. */
  readonly path: string;
  /** What it leads to. */
  readonly to: string;
}

/** Null for a process that may not be looked into; none of one that is gone by now. */
function handlesOf(pid: number): readonly Handle[] | null {
  const folder = `/proc/${pid}/fd`;
  const names = namesIn(folder);
  return names === null
    ? null
    : names.map((name) => ({ path: `${folder}/${name}`, to: link(`${folder}/${name}`) }));
}

/** By number and device: the same file has other names in other folders and containers. */
function isOneOf({ path }: Handle, wanted: readonly Stats[]): boolean {
  try {
    const opened = statSync(path);
    return wanted.some(({ ino, dev }) => opened.ino === ino && opened.dev === dev);
  } catch {
    return false;
  }
}

/** The flags of open(2) in octal: the last two bits are how it was opened, and 0 is O_RDONLY. */
function isReadOnly(info: string): boolean {
  const flags = linesOf(info).find((line) => line.startsWith('flags:'));
  return flags !== undefined && (Number.parseInt(flags.slice('flags:'.length), 8) & 3) === 0;
}

function link(handle: string): string {
  try {
    return readlinkSync(handle);
  } catch {
    return '';
  }
}

function namesIn(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null;
  }
}
