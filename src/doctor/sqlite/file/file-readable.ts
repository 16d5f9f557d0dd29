import { chmodSync, constants, statSync } from 'node:fs';
import { accessProblem, toFindings } from './access-problem.ts';
import type { FileExamination } from './file-examination.ts';
import { realFile } from './real-file.ts';

export const fileReadable: FileExamination = {
  id: 'file.readable',
  title: 'This user can read the file',
  level: 'error',
  meaning: 'Nothing can be read as this user.',
  command: '',
  decisive: true,
  async find({ target }) {
    const problem = await accessProblem(realFile(target), constants.R_OK);
    if (problem === null) return { count: 0, sample: [] };
    return toFindings(problem, fileReadable.meaning);
  },
  async repair({ target }) {
    const path = realFile(target);
    if (!(await accessProblem(path, constants.R_OK))?.ownMode) return null;
    return {
      summary: [`Let the owner read and write ${path}`],
      async run() {
        const { mode } = statSync(path);
        chmodSync(path, (mode & 0o7777) | 0o600);
        return [`${path} can be read and written by its owner`];
      },
    };
  },
};
