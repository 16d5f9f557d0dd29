import { damageFindings } from '../damage-findings.ts';
import { salvageMend } from '../salvage/salvage-mend.ts';
import { damageOf } from './damage.ts';
import { damagedTables } from './damaged-tables.ts';
import type { InsideExamination } from './inside-examination.ts';

const MEANING =
  'Rows are lost already or will be: the gateway reports "database disk image is malformed" when it comes to such a page, and a migration would stop half way.';

export const databaseIntegrity: InsideExamination = {
  id: 'database.integrity',
  title: 'The pages of the file are sound',
  level: 'error',
  meaning: `${MEANING} Restore a backup, or salvage what is left into a new file.`,
  command: 'mcpgw backup --list',
  decisive: true,
  async find(context) {
    const { pages } = await damageOf(context);
    if (pages.length === 0) return { count: 0, sample: [] };
    const tables = await damagedTables(context);
    return damageFindings(context, [...tables, ...pages], MEANING);
  },
  repair: async (context) => salvageMend(context),
};
