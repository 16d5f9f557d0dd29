import { chmodSync, chownSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fine, found } from '../../../checks/check.ts';
import { shellWord } from '../../../report/shell-word.ts';
import { accessThrough, askingUser, sudoUser, userLabel } from '../../users.ts';
import { accessProblem, foldersAbove, modeOf, STICKY, toFindings } from './access-problem.ts';
import { type FileCheck, fileCheck } from './file-check.ts';
import { holdersOf } from './holders.ts';

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

function accessCheck({ bits, place = (path) => path, facts, ownMode, ...described }: Needed): FileCheck {
  return fileCheck({
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
  });
}

export const fileReadable = accessCheck({
  id: 'file.readable',
  title: 'This user can read the file',
  hint: 'Nothing can be read as this user.',
  decisive: true,
  bits: constants.R_OK,
  ownMode: { bits: 0o600, to: 'read and write', done: 'read and written' },
});

export const fileWritable = accessCheck({
  id: 'file.writable',
  title: 'This user can write the file',
  hint: 'The gateway ends with "attempt to write a readonly database" as this user, and so does the migration, before it changes anything.',
  bits: constants.W_OK,
  facts(file) {
    const uid = askingUser().uid;
    return `${ownerAndMode(file)}${uid === null ? '' : `, this user is ${userLabel(uid)}`}`;
  },
  ownMode: { bits: 0o200, to: 'write', done: 'written' },
});

export const fileFolder = accessCheck({
  id: 'file.folder',
  title: 'This user can make journal files in its folder',
  hint: 'SQLite makes a journal beside the database for every change. Where it cannot, writing ends with "unable to open database file" or "disk I/O error".',
  bits: constants.W_OK | constants.X_OK,
  place: dirname,
  facts: (folder) => `${folder}: ${ownerAndMode(folder)}`,
});

function ownerAndMode(place: string): string {
  const stats = statSync(place);
  return `owner ${userLabel(stats.uid)}, mode ${modeOf(stats)}`;
}

export const fileSticky: FileCheck = fileCheck({
  id: 'file.sticky',
  title: 'Its folder lets users remove each other’s journals',
  level: 'warning',
  hint: 'In a sticky folder such as /tmp only the owner of a file can remove it: a journal that one user leaves is in the way of the other ("disk I/O error"), and a backup cannot be restored.',
  find(path) {
    const folder = dirname(path);
    const [{ uid: owner }, { mode, uid: folderOwner }] = [statSync(path), statSync(folder)];
    const me = askingUser().uid;
    const isOurs = me === null || me === 0 || me === owner || me === folderOwner;
    if ((mode & STICKY) === 0 || isOurs) return fine();
    return found(
      [`${folder} is sticky, and ${path} belongs to ${userLabel(owner)}, not to ${userLabel(me)}`],
      {
        hint: `${fileSticky.hint} Run mcpgw as ${userLabel(owner)}.`,
        command: `sudo -u ${sudoUser(owner)} mcpgw doctor --database-url ${shellWord(`sqlite:///${path}`)}`,
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
      { command: files === '' ? '' : command },
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

function filesBeside(path: string): string[] {
  return thingsBeside(path).filter((file) => statSync(file).isFile());
}

async function problemBeside(file: string, path: string): Promise<string | null> {
  const stats = statSync(file);
  if (!stats.isFile()) return `${file} is in the way: it is no file`;
  const database = statSync(path);
  if (!ownerMayUse(stats, database)) {
    return `${file} may not be read and written by the database’s owner ${userLabel(database.uid)}: ${ownerAndMode(file)}`;
  }
  // Who may not write the database itself is told so elsewhere.
  const bits = constants.R_OK | ((await accessProblem(path, constants.W_OK)) === null ? constants.W_OK : 0);
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
    // A folder on the way that others may not enter protects what is in it.
    const isReached = foldersAbove(path).every((folder) => statSync(folder).mode & SEARCHABLE_BY_OTHERS);
    if ((stats.mode & OTHERS & ~SEARCHABLE_BY_OTHERS) === 0 || !isReached) return fine();
    const verb = stats.mode & 0o002 ? (stats.mode & 0o004 ? 'read and written' : 'written') : 'read';
    return found([`${path} can be ${verb} by every user of this machine: mode ${modeOf(stats)}`], {
      command: closeToOthers(stats, ofTheOwner(path).map(shellWord).join(' ')),
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
