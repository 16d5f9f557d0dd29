import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { shellWord } from '../../../report/shell-word.ts';
import type { FileExamination } from './file-examination.ts';
import { realFile } from './real-file.ts';

export const fileLinks: FileExamination = {
  id: 'file.links',
  title: 'The file has one name only',
  level: 'warning',
  meaning:
    'Journals are named after the name a database is opened by: two programs that use two names of one file do not see each other’s journal, which damages it (https://www.sqlite.org/howtocorrupt.html, 2.5). Use one name, and a symbolic link for the other.',
  command: '',
  async find({ target }) {
    const path = realFile(target);
    const { nlink, ino } = statSync(path);
    if (nlink < 2) return { count: 0, sample: [] };
    return {
      count: nlink - 1,
      sample: [`${path} has ${nlink} hard links (inode ${ino})`],
      command: `find ${shellWord(dirname(path))} -xdev -samefile ${shellWord(path)}`,
    };
  },
};
