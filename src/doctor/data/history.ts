import { historyWarnings, readHistory } from '../../migrate/history.ts';
import { plural } from '../../report/plural.ts';
import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';

/** Migrations that ran are those this version would run. */
export const history: Examination<OpenContext> = {
  id: 'data.history',
  title: 'What mcpgw did to this database is what this mcpgw would do',
  level: 'warning',
  meaning:
    'Another mcpgw, or an edited one, migrated this database: its schema may differ from what this one expects.',
  command: 'mcpgw status --history',
  async find({ db, schema }) {
    const rows = await readHistory(db, schema);
    const warnings = historyWarnings(rows);
    if (warnings.length > 0) return { count: warnings.length, sample: warnings };
    return { count: 0, sample: rows.length === 0 ? [] : [`${plural(rows.length, 'step')} recorded`] };
  },
};
