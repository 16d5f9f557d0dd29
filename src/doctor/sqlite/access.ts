import { accessSync, chmodSync, chownSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Findings, fine, found } from '../../checks/check.ts';
import { mountOf, readMounts } from '../../files/mounts.ts';
import { statOrNothing } from '../../files/stat-or-nothing.ts';
import { type Command, joined, mcpgw, shell, type Text } from '../../report/advice.ts';
import { shellWord } from '../../report/shell-word.ts';
import { type AskingUser, accessThrough, askingUser, sudoUser, userLabel } from '../users.ts';
import { type FileCheck, fileCheck } from './file-check.ts';
import { holdersOf } from './holders.ts';

export interface AccessProblem {
  /** `/data/mcp.db may not be written by nobody (65534): owner gateway (999), mode 0640` */
  readonly text: string;
  /** What gives access, where something does. */
  readonly command: Command | undefined;
  /** What to make of the command, in a sentence; an empty string where it speaks for itself. */
  readonly advice: string;
  /** Whether a `chmod` by this user is enough. */
  readonly ownMode: boolean;
}

type Owned = Pick<Stats, 'uid' | 'gid' | 'mode'>;

const { R_OK, W_OK, X_OK } = constants;

/**
 * Why this user may not do something with a file or folder that is there, or null when it may.
 *
 * @param bits of `constants.R_OK`, `W_OK`, `X_OK`
 */
export async function accessProblem(path: string, bits: number): Promise<AccessProblem | null> {
  try {
    accessSync(path, bits);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    const mount = code === 'EROFS' ? mountOf(path, await readMounts()) : null;
    return explain(path, bits, code ?? '', statOrNothing(path), askingUser(), mount?.point);
  }
}

/** The folders a path leads through, from the root down. */
export function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersAbove(folder), folder];
}

/** The first folder on the way to a path that this user may not enter, and why. */
export async function folderInTheWay(path: string): Promise<AccessProblem | null> {
  for (const folder of foldersAbove(path)) {
    const problem = await accessProblem(folder, X_OK);
    if (problem !== null) return problem;
  }
  return null;
}

/** @param hint of the check that found it */
export function toFindings({ text, command, advice }: AccessProblem, hint: Text): Findings {
  return found([text], { command, hint: joined([hint, advice], ' ') });
}

/** Of each right its bit, its letter, what is not done without it, and the owner's bit in a mode. */
const RIGHTS = [
  [R_OK, 'r', 'read', 0o400],
  [W_OK, 'w', 'written', 0o200],
  [X_OK, 'x', 'entered', 0o100],
] as const;

/** @param mountPoint of the file system, where that is what cannot be written */
export function explain(
  path: string,
  bits: number,
  code: string,
  stats: Owned | undefined,
  user: AskingUser,
  mountPoint?: string,
): AccessProblem {
  const problem = (text: string, command?: Command) => ({ text, command, advice: '', ownMode: false });
  if (code === 'EROFS') {
    const on = mountPoint === undefined ? 'its file system' : `the file system at ${mountPoint}`;
    const command =
      mountPoint === undefined ? undefined : shell(`sudo mount -o remount,rw ${shellWord(mountPoint)}`);
    return problem(`${path} cannot be written: ${on} is mounted read-only`, command);
  }
  if (code === 'EPERM') {
    const text = `${path} cannot be written, not even by root: it is immutable (lsattr shows an i)`;
    return problem(text, shell(`sudo chattr -i ${shellWord(path)}`));
  }
  if (stats === undefined) return problem(`${path} cannot be looked at (${code})`);
  const verbs = RIGHTS.flatMap(([bit, , verb]) => (bits & bit ? [verb] : [])).join(' and ');
  const who = user.uid === null ? 'this user' : userLabel(user.uid);
  const text = `${path} may not be ${verbs} by ${who}: ${ownerAndMode(stats)}`;
  return { ...problem(text), ...giveAccess(path, bits, stats, user) };
}

/** `owner gateway (999), mode 0640` */
const ownerAndMode = (stats: Owned) => `owner ${userLabel(stats.uid)}, mode ${modeOf(stats)}`;

/** `0640` */
const modeOf = ({ mode }: Pick<Stats, 'mode'>) => (mode & 0o7777).toString(8).padStart(4, '0');

/** Never as root: for root nothing is in the way, and files that it makes are in the way of everybody else. */
function giveAccess(path: string, bits: number, stats: Owned, user: AskingUser): Partial<AccessProblem> {
  const wanted = RIGHTS.filter(([bit]) => bits & bit);
  const letters = wanted.map(([, letter]) => letter).join('');
  const word = shellWord(path);
  const through = accessThrough(stats, user);
  if (through === 'owner' || stats.uid === user.uid) {
    return { command: shell(`chmod u+${letters} ${word}`), ownMode: true };
  }
  if (letters === 'x') {
    const advice =
      'The command lets other users through the folder, but shows them no list of what is in it.';
    return { command: shell(`sudo chmod ${through === 'group' ? 'g' : 'o'}+x ${word}`), advice };
  }
  if (stats.uid !== 0) {
    const advice = `It belongs to ${userLabel(stats.uid)}: run mcpgw as that user, as whom the gateway runs, too, as a rule.`;
    return { command: mcpgw('doctor').with({ user: sudoUser(stats.uid) }), advice };
  }
  const advice = 'Right where the gateway runs as this user; else run mcpgw as the user it runs as.';
  if (through === 'group') return { command: shell(`sudo chmod g+${letters} ${word}`), advice };
  if ((stats.mode & constants.S_IFMT) === constants.S_IFDIR && isShared(path, stats)) {
    return { advice: 'Keep the database in a folder of this user.' };
  }
  const chmod = wanted.every(([, , , own]) => stats.mode & own) ? '' : ` && sudo chmod u+${letters} ${word}`;
  return { command: shell(`sudo chown ${user.uid} ${word}${chmod}`), advice };
}

const STICKY = 0o1000;
const SYSTEM_FOLDERS: ReadonlySet<string> = new Set(['/', '/etc', '/usr', '/usr/local', '/var']);

/** Folders of the system, such as /tmp and /var, are nobody's to be given. */
function isShared(folder: string, { mode }: Pick<Stats, 'mode'>): boolean {
  return (mode & STICKY) !== 0 || SYSTEM_FOLDERS.has(folder) || SYSTEM_FOLDERS.has(dirname(folder));
}

/** What this user must be allowed to do with the file, or with its folder. */
interface Needed extends Pick<FileCheck, 'id' | 'title' | 'hint' | 'decisive'> {
  readonly bits: number;
  /** The file unless told. */
  place?(path: string): string;
  /** What is told of a place that is as it should be. */
  facts?(place: string): string;
  /** The mode with which its owner may, and what it may then. */
  readonly ownMode?: { readonly bits: number; readonly to: string; readonly done: string };
}

const NEEDED: readonly Needed[] = [
  {
    id: 'file.readable',
    title: 'This user can read the file',
    hint: 'Nothing can be read as this user.',
    decisive: true,
    bits: R_OK,
    ownMode: { bits: 0o600, to: 'read and write', done: 'read and written' },
  },
  {
    id: 'file.writable',
    title: 'This user can write the file',
    hint: 'The gateway ends with "attempt to write a readonly database" as this user, and so does the migration, before it changes anything.',
    bits: W_OK,
    facts(file) {
      const { uid } = askingUser();
      return `${ownerAndMode(statSync(file))}${uid === null ? '' : `, this user is ${userLabel(uid)}`}`;
    },
    ownMode: { bits: 0o200, to: 'write', done: 'written' },
  },
  {
    id: 'file.folder',
    title: 'This user can make journal files in its folder',
    hint: 'SQLite makes a journal beside the database for every change. Where it cannot, writing ends with "unable to open database file" or "disk I/O error".',
    bits: W_OK | X_OK,
    place: dirname,
    facts: (folder) => `${folder}: ${ownerAndMode(statSync(folder))}`,
  },
];

export const [fileReadable, ...writableChecks] = NEEDED.map(
  ({ bits, place = (path) => path, facts, ownMode, ...described }): FileCheck =>
    fileCheck({
      ...described,
      level: 'error',
      async find(path) {
        const problem = await accessProblem(place(path), bits);
        if (problem !== null) return toFindings(problem, described.hint);
        return facts === undefined ? fine() : fine(facts(place(path)));
      },
      ...(ownMode && {
        async repair(path) {
          if (!(await accessProblem(path, bits))?.ownMode) return null;
          return {
            summary: [`Let the owner ${ownMode.to} ${path}`],
            async run() {
              chmodSync(path, (statSync(path).mode & 0o7777) | ownMode.bits);
              return [`${path} can be ${ownMode.done} by its owner`];
            },
          };
        },
      }),
    }),
) as [FileCheck, FileCheck, FileCheck];

export const fileSticky: FileCheck = fileCheck({
  id: 'file.sticky',
  title: 'Its folder lets users remove each other’s journals',
  level: 'warning',
  hint: 'In a sticky folder such as /tmp only the owner of a file can remove it: a journal that one user leaves is in the way of the other ("disk I/O error"), and a backup cannot be restored.',
  find(path) {
    const folder = dirname(path);
    const [{ uid: owner }, { mode, uid: folderOwner }] = [statSync(path), statSync(folder)];
    const me = askingUser().uid;
    if ((mode & STICKY) === 0 || me === null || [0, owner, folderOwner].includes(me)) return fine();
    return found(
      [`${folder} is sticky, and ${path} belongs to ${userLabel(owner)}, not to ${userLabel(me)}`],
      {
        hint: `${fileSticky.hint} Run mcpgw as ${userLabel(owner)}.`,
        command: mcpgw('doctor', '--database-url', `sqlite:///${path}`).with({ user: sudoUser(owner) }),
      },
    );
  },
});

export const fileBeside = fileCheck({
  id: 'file.beside',
  title: 'The -wal, -shm and -journal files can be used',
  level: 'error',
  hint: 'Somebody else, root as a rule, has worked on the database and left files that its owner may not use: then it cannot be opened ("unable to open database file", "disk I/O error"). Give them to the owner; never delete them.',
  async find(path) {
    const problems = await Promise.all(thingsBeside(path).map((file) => problemBeside(file, path)));
    const files = filesBeside(path).map(shellWord).join(' ');
    const { uid, gid, mode } = statSync(path);
    // What the repair does: whoever may use the database may use files with its owner and mode, too.
    const command = `sudo chown ${uid}:${gid} ${files} && sudo chmod ${(mode & 0o777).toString(8)} ${files}`;
    return found(
      problems.filter((problem) => problem !== null),
      { command: files === '' ? undefined : shell(command) },
    );
  },
  repair(path) {
    const files = filesBeside(path);
    if (askingUser().uid !== 0 || files.length === 0) return null;
    const { uid, gid, mode } = statSync(path);
    return {
      summary: [`Give ${files.join(', ')} the owner and the mode of the database`],
      async run() {
        for (const file of files) {
          chownSync(file, uid, gid);
          chmodSync(file, mode & 0o777);
        }
        return files.map((file) => `${file} belongs to ${userLabel(uid)}, mode ${modeOf(statSync(file))}`);
      },
    };
  },
});

/** What is there under the names of the journals and the index of a database. */
function thingsBeside(path: string): string[] {
  return ['-wal', '-shm', '-journal']
    .map((suffix) => path + suffix)
    .filter((file) => statSync(file, { throwIfNoEntry: false }) !== undefined);
}

const filesBeside = (path: string) => thingsBeside(path).filter((file) => statSync(file).isFile());

async function problemBeside(file: string, path: string): Promise<string | null> {
  const stats = statSync(file);
  if (!stats.isFile()) return `${file} is in the way: it is no file`;
  const database = statSync(path);
  if (!ownerMayUse(stats, database)) {
    return `${file} may not be read and written by the database’s owner ${userLabel(database.uid)}: ${ownerAndMode(stats)}`;
  }
  // Who may not write the database itself is told so elsewhere.
  const bits = R_OK | ((await accessProblem(path, W_OK)) === null ? W_OK : 0);
  return (await accessProblem(file, bits))?.text ?? null;
}

/** By owner, group and others; of the owner's further groups nothing is known. */
function ownerMayUse(file: Stats, database: Stats): boolean {
  if (database.uid === 0) return true;
  // A database that is read-only for its owner needs no more of the files beside it.
  const wanted = (database.mode >> 6) & 0o6;
  const shift = file.uid === database.uid ? 6 : file.gid === database.gid ? 3 : 0;
  return ((file.mode >> shift) & wanted) === wanted;
}

const OTHERS = 0o007;
const SEARCHABLE_BY_OTHERS = 0o001;

export const fileMode = fileCheck({
  id: 'file.mode',
  title: 'Only its owner and group can read the file',
  level: 'warning',
  hint: 'Every user of this machine can get at the database, with the password hashes and credentials in it. The migration works all the same.',
  find(path) {
    const stats = statSync(path);
    const rights = RIGHTS.filter(([bit]) => bit !== X_OK && stats.mode & bit);
    // A folder on the way that others may not enter protects what is in it.
    const isReached = foldersAbove(path).every((folder) => statSync(folder).mode & SEARCHABLE_BY_OTHERS);
    if (rights.length === 0 || !isReached) return fine();
    const verbs = rights.map(([, , verb]) => verb).join(' and ');
    return found([`${path} can be ${verbs} by every user of this machine: mode ${modeOf(stats)}`], {
      command: shell(closeToOthers(stats, ofTheOwner(path).map(shellWord).join(' '))),
    });
  },
  async repair(path, context) {
    const { uid } = statSync(path);
    if (![uid, 0].includes(askingUser().uid ?? -1)) return null;
    // A gateway that runs as somebody else may get at it only as one of "others".
    const { open } = await holdersOf(context);
    if (open.some((holder) => holder.uid !== null && holder.uid !== uid && holder.uid !== 0)) return null;
    const files = ofTheOwner(path);
    return {
      summary: [`Take the rights of others from ${files.join(', ')}; owner and group keep theirs`],
      async run() {
        for (const file of files) chmodSync(file, statSync(file).mode & 0o7777 & ~OTHERS);
        return files.map((file) => `${file}: mode ${modeOf(statSync(file))}`);
      },
    };
  },
});

/** The database and what is beside it, but for what another user left there, which is a matter of `file.beside`. */
function ofTheOwner(path: string): string[] {
  const { uid } = statSync(path);
  return [path, ...thingsBeside(path).filter((file) => statSync(file).uid === uid)];
}

/** Whoever asks keeps the access that it has as one of the others. */
function closeToOthers(stats: Stats, words: string): string {
  const user = askingUser();
  const through = accessThrough(stats, user);
  if (through !== 'others') return `${through === 'group' ? 'sudo ' : ''}chmod o-rwx ${words}`;
  const kept = (stats.mode & 0o004 ? 'r' : '') + (stats.mode & 0o002 ? 'w' : '');
  return `sudo chgrp ${user.gid} ${words} && sudo chmod g+${kept},o-rwx ${words}`;
}
