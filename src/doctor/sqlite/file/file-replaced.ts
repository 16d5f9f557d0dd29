import type { FileExamination } from './file-examination.ts';
import { holdersOf } from './holders-of.ts';
import { realFile } from './real-file.ts';

export const fileReplaced: FileExamination = {
  id: 'file.replaced',
  title: 'Nobody still uses a file that was replaced',
  level: 'warning',
  meaning:
    'What such a process writes goes to the old file, which nobody else sees, and is gone when the process ends. Restart it.',
  command: '',
  async find(context) {
    const path = realFile(context.target);
    const { replaced } = await holdersOf(context);
    return {
      count: replaced.length,
      sample: replaced.map(({ text }) => `${text}, still has the removed ${path} open`),
    };
  },
};
