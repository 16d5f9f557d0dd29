import { CLEAN } from '../../checks/check.ts';
import { waysOn, whatIsUnfinished } from '../../migrate/unfinished-restore.ts';
import { shellWord } from '../../report/shell-word.ts';
import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** Half of a restore can look like anything, so nothing else is said of such data. */
export const unfinishedRestore: Examination<OpenContext> = {
  id: 'database.restore',
  title: 'No restore stands half done',
  level: 'error',
  meaning: 'Tables are missing or half full, and every command but restore refuses the database.',
  command: '',
  decisive: true,
  async find({ db }) {
    const found = await db.dialect.unfinishedRestore(db);
    if (found === null) return CLEAN;
    return {
      count: 1,
      sample: [whatIsUnfinished(found)],
      hint: waysOn(found),
      command: `mcpgw restore ${shellWord(found.backup)}`,
    };
  },
};
