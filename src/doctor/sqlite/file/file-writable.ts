import { chmodSync, constants, statSync } from 'node:fs';
import { accessProblem, toFindings } from './access-problem.ts';
import type { FileExamination } from './file-examination.ts';
import { modeOf } from './mode-of.ts';
import { realFile } from './real-file.ts';
import { thisUser, userLabel } from './users.ts';

export const fileWritable: FileExamination = {
  id: 'file.writable',
  title: 'This user can write the file',
  level: 'error',
  meaning:
    'The gateway ends with "attempt to write a readonly database" as this user, and so does the migration, before it changes anything.',
  command: '',
  async find({ target }) {
    const path = realFile(target);
    const problem = await accessProblem(path, constants.W_OK);
    if (problem !== null) return toFindings(problem, fileWritable.meaning);
    const stats = statSync(path);
    const uid = thisUser();
    const me = uid === null ? '' : `, this user is ${userLabel(uid)}`;
    return { count: 0, sample: [`owner ${userLabel(stats.uid)}, mode ${modeOf(stats)}${me}`] };
  },
  async repair({ target }) {
    const path = realFile(target);
    if (!(await accessProblem(path, constants.W_OK))?.ownMode) return null;
    return {
      summary: [`Let the owner write ${path}`],
      async run() {
        const { mode } = statSync(path);
        chmodSync(path, (mode & 0o7777) | 0o200);
        return [`${path} can be written by its owner`];
      },
    };
  },
};
