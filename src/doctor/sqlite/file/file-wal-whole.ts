import { lostInWal } from '../../../database/sqlite/lost-in-wal.ts';
import { damageFindings } from '../damage-findings.ts';
import type { FileExamination } from './file-examination.ts';
import { realFile } from './real-file.ts';

const MEANING =
  'The -wal file is damaged in front of changes that were committed. SQLite ignores those without a word, and the next program that opens the database for writing removes them for good: open it with nothing, and keep the database and its -wal together.';

export const fileWalWhole: FileExamination = {
  id: 'file.wal-whole',
  title: 'SQLite finds every commit in the -wal file',
  level: 'error',
  meaning: `${MEANING} Restore a backup, or salvage: both files are copied first, and a new one gets everything that is readable.`,
  command: 'mcpgw backup --list',
  decisive: true,
  preflight: 'refuse',
  async find(context) {
    const lost = await lostInWal(realFile(context.target));
    return lost === null ? { count: 0, sample: [] } : damageFindings(context, [lost], MEANING);
  },
  async repair(context, { sample }) {
    const { salvageMend } = await import('../salvage/salvage-mend.ts');
    const mend = salvageMend(context);
    if (mend === null) return null;
    return {
      summary: [...mend.summary, 'What is behind the damage in the -wal stays in that copy only'],
      async run(hands) {
        // Before it is asked whether the new file shall take the place of the old one.
        for (const lost of sample) {
          hands.warn(`These changes are in the copy that is kept, and not in the new file: ${lost}`);
        }
        return mend.run(hands);
      },
    };
  },
};
