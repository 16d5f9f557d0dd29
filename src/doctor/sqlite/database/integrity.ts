import { salvageMend } from '../salvage/salvage-mend.ts';
import { damageOf } from './damage.ts';
import type { InsideExamination } from './inside-examination.ts';

export const databaseIntegrity: InsideExamination = {
  id: 'database.integrity',
  title: 'The pages of the file are sound',
  level: 'error',
  meaning:
    'Rows are lost already or will be: the gateway reports "database disk image is malformed" when it comes to such a page, and a migration would stop half way. Restore a backup, or salvage what is left into a new file.',
  command: 'mcpgw backup --list',
  decisive: true,
  async find(context) {
    const { pages } = await damageOf(context);
    return { count: pages.length, sample: pages };
  },
  repair: async (context) => salvageMend(context),
};
