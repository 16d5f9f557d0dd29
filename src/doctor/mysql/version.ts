import { CLEAN } from '../../checks/check.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { attemptOf } from './attempt.ts';

/** Whether the server is recent enough: one that is not, is not worked with at all. */
export const version: Examination<TargetContext<MysqlTarget>> = {
  id: 'database.version',
  title: 'The server is recent enough',
  level: 'error',
  meaning:
    'The schema of v0.7.0 needs MariaDB 10.6 or MySQL 8.0.13, or later: checks, indexes on expressions, and columns that are added at once.',
  command: '',
  decisive: true,
  async find(context) {
    const { refusal, server } = await attemptOf(context);
    if (refusal?.gate !== 'version') return { ...CLEAN, sample: server === null ? [] : [server] };
    return {
      count: 1,
      sample: [refusal.message],
      hint: 'Upgrade the server as its manual says, and then run this again.',
    };
  },
};
