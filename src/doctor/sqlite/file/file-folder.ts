import { constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { accessProblem, toFindings } from './access-problem.ts';
import type { FileExamination } from './file-examination.ts';
import { modeOf } from './mode-of.ts';
import { realFile } from './real-file.ts';
import { userLabel } from './users.ts';

export const fileFolder: FileExamination = {
  id: 'file.folder',
  title: 'This user can make journal files in its folder',
  level: 'error',
  meaning:
    'SQLite makes a journal beside the database for every change. Where it cannot, writing ends with "unable to open database file" or "disk I/O error".',
  command: '',
  async find({ target }) {
    const folder = dirname(realFile(target));
    const problem = await accessProblem(folder, constants.W_OK | constants.X_OK);
    if (problem !== null) return toFindings(problem, fileFolder.meaning);
    const stats = statSync(folder);
    return { count: 0, sample: [`${folder}: owner ${userLabel(stats.uid)}, mode ${modeOf(stats)}`] };
  },
};
