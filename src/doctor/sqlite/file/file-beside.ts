import { chmodSync, chownSync, constants, type Stats, statSync } from 'node:fs';
import { shellWord } from '../../../report/shell-word.ts';
import { accessProblem } from './access-problem.ts';
import type { FileExamination } from './file-examination.ts';
import { filesBeside } from './files-beside.ts';
import { modeOf } from './mode-of.ts';
import { realFile } from './real-file.ts';
import { thisUser, userLabel } from './users.ts';

export const fileBeside: FileExamination = {
  id: 'file.beside',
  title: 'The -wal, -shm and -journal files can be used',
  level: 'error',
  meaning:
    'Somebody else, root as a rule, has worked on the database and left files that its owner may not use: then it cannot be opened ("unable to open database file", "disk I/O error"). Give them to the owner; never delete them.',
  command: '',
  async find({ target }) {
    const path = realFile(target);
    const sample: string[] = [];
    for (const file of filesBeside(path)) {
      const problem = await problemOf(file, path);
      if (problem !== null) sample.push(problem);
    }
    return { count: sample.length, sample, command: commandFor(path) };
  },
  async repair({ target }) {
    const path = realFile(target);
    const files = filesBeside(path).filter((file) => statSync(file).isFile());
    if (thisUser() !== 0 || files.length === 0) return null;
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
};

/** What the repair does: whoever may use the database may use files with its owner and mode, too. */
function commandFor(path: string): string {
  const { uid, gid, mode } = statSync(path);
  const files = filesBeside(path).filter((file) => statSync(file).isFile());
  if (files.length === 0) return '';
  const words = files.map(shellWord).join(' ');
  return `sudo chown ${uid}:${gid} ${words} && sudo chmod ${(mode & 0o777).toString(8)} ${words}`;
}

async function problemOf(file: string, path: string): Promise<string | null> {
  const stats = statSync(file);
  if (!stats.isFile()) return `${file} is in the way: it is no file`;
  const database = statSync(path);
  if (!ownerMayUse(stats, database)) {
    return `${file} may not be read and written by the database’s owner ${userLabel(database.uid)}: owner ${userLabel(stats.uid)}, mode ${modeOf(stats)}`;
  }
  // Who may not write the database itself is told so elsewhere.
  const bits = constants.R_OK | ((await accessProblem(path, constants.W_OK)) === null ? constants.W_OK : 0);
  return (await accessProblem(file, bits))?.text ?? null;
}

type Owned = Pick<Stats, 'uid' | 'gid' | 'mode'>;

/** By owner, group and others; of the owner's further groups nothing is known. */
function ownerMayUse(file: Owned, database: Owned): boolean {
  if (database.uid === 0) return true;
  // A database that is read-only for its owner needs no more of the files beside it.
  const wanted = (database.mode >> 6) & 0o6;
  const shift = file.uid === database.uid ? 6 : file.gid === database.gid ? 3 : 0;
  return ((file.mode >> shift) & wanted) === wanted;
}
