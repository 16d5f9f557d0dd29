import { chmodSync, type Stats, statSync } from 'node:fs';
import { shellWord } from '../../../report/shell-word.ts';
import { accessThrough, askingUser } from '../../access-through.ts';
import type { FileExamination } from './file-examination.ts';
import { filesBeside } from './files-beside.ts';
import { foldersAbove } from './folders-above.ts';
import { holdersOf } from './holders-of.ts';
import { modeOf } from './mode-of.ts';
import { realFile } from './real-file.ts';
import { thisUser } from './users.ts';

const OTHERS = 0o007;
const SEARCHABLE_BY_OTHERS = 0o001;

export const fileMode: FileExamination = {
  id: 'file.mode',
  title: 'Only its owner and group can read the file',
  level: 'warning',
  meaning:
    'Every user of this machine can get at the database, with the password hashes and credentials in it. The migration works all the same.',
  command: '',
  async find({ target }) {
    const path = realFile(target);
    const stats = statSync(path);
    // A folder on the way that others may not enter protects what is in it.
    const isReached = foldersAbove(path).every((folder) => statSync(folder).mode & SEARCHABLE_BY_OTHERS);
    if ((stats.mode & OTHERS & ~SEARCHABLE_BY_OTHERS) === 0 || !isReached) return { count: 0, sample: [] };
    const verb = stats.mode & 0o002 ? (stats.mode & 0o004 ? 'read and written' : 'written') : 'read';
    return {
      count: 1,
      sample: [`${path} can be ${verb} by every user of this machine: mode ${modeOf(stats)}`],
      command: closeToOthers(stats, ofTheOwner(path).map(shellWord).join(' ')),
    };
  },
  async repair(context) {
    const path = realFile(context.target);
    const { uid } = statSync(path);
    if (![uid, 0].includes(thisUser() ?? -1)) return null;
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
};

/** The database and what is beside it, but for what another user left there, which is a matter of `file.beside`. */
function ofTheOwner(path: string): string[] {
  const { uid } = statSync(path);
  return [path, ...filesBeside(path).filter((file) => statSync(file).uid === uid)];
}

/** Whoever asks keeps the access that it has as one of the others. */
function closeToOthers(stats: Pick<Stats, 'uid' | 'gid' | 'mode'>, words: string): string {
  const user = askingUser();
  const through = accessThrough(stats, user);
  if (through !== 'others') return `${through === 'group' ? 'sudo ' : ''}chmod o-rwx ${words}`;
  const kept = (stats.mode & 0o004 ? 'r' : '') + (stats.mode & 0o002 ? 'w' : '');
  return `sudo chgrp ${user.gid} ${words} && sudo chmod g+${kept},o-rwx ${words}`;
}
