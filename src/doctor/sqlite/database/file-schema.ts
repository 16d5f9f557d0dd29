import { GatewayError } from '../../../errors.ts';
import { damageFindings } from '../damage-findings.ts';
import type { FileExamination } from '../file/file-examination.ts';
import { salvageMend } from '../salvage/salvage-mend.ts';

const MEANING =
  'The pages that say which tables there are and where are damaged, so nothing of the database can be reached.';

/** Opens the file, which reads its first pages: no examination inside of it comes to that when they are damaged. */
export const fileSchema: FileExamination = {
  id: 'file.schema',
  title: 'The list of its tables can be read',
  level: 'error',
  meaning: `${MEANING} Restore a backup, or salvage what is left into a new file.`,
  command: 'mcpgw backup --list',
  decisive: true,
  async find(context) {
    try {
      await context.connect('read', async (db) => {
        await db.dialect.readSchema(db);
      });
      return { count: 0, sample: [] };
    } catch (error) {
      // Anything else is told by the examination that opens it next.
      if (!(error instanceof GatewayError) || !/^(CORRUPT|NOT_A_DATABASE)$/.test(error.code)) {
        return { count: 0, sample: [] };
      }
      return damageFindings(context, [error.message], MEANING);
    }
  },
  repair: async (context) => salvageMend(context),
};
