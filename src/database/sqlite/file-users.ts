import { readdirSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { linesOf } from './lines-of.ts';

/** Processes by their numbers, as Linux lists them in `/proc`; all empty on other systems. */
export interface FileUsers {
  /** They have one of the files open. */
  readonly open: readonly number[];
  /** Of those, the ones that could write through it. */
  readonly writing: readonly number[];
  /** They have a file open that had one of these names and was removed or replaced since. */
  readonly replaced: readonly number[];
  /** This user may not look at them. */
  readonly hidden: readonly number[];
}

/** @param files paths; those that are not there are nobody's */
export function fileUsers(files: readonly string[], ownPid: number): FileUsers {
  const wanted = files.map((file) => statSync(file, { throwIfNoEntry: false })).filter((stats) => !!stats);
  const gone = new Set(files.map((file) => `${realPath(file)} (deleted)`));
  const users = {
    open: [] as number[],
    writing: [] as number[],
    replaced: [] as number[],
    hidden: [] as number[],
  };
  for (const name of list('/proc') ?? []) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === ownPid) continue;
    const folder = `/proc/${name}/fd`;
    const handles = list(folder);
    if (handles === null) {
      users.hidden.push(pid);
      continue;
    }
    const links = handles.map((handle) => link(`${folder}/${handle}`));
    const open = handles.filter(
      (handle, i) => links[i]?.startsWith('/') && isOneOf(`${folder}/${handle}`, wanted),
    );
    if (open.length > 0) users.open.push(pid);
    if (open.some((handle) => !isReadOnly(`/proc/${name}/fdinfo/${handle}`))) users.writing.push(pid);
    if (links.some((to) => gone.has(to))) users.replaced.push(pid);
  }
  return users;
}

/** By number and device: the same file has other names in other folders and containers. */
function isOneOf(handle: string, wanted: readonly Stats[]): boolean {
  try {
    const opened = statSync(handle);
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

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** Null for a folder that may not be looked into; one that is gone by now is empty. */
function list(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : null;
  }
}
