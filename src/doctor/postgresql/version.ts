import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { loginAttempt } from './login-attempt.ts';

/** Whether the server is new enough; which release of that version it has is a fact for people. */
export const version: Examination<TargetContext<PostgresqlTarget>> = {
  id: 'database.version',
  title: 'The server is new enough',
  level: 'error',
  meaning: 'The migration uses what this version of PostgreSQL does not have.',
  command: '',
  decisive: true,
  async find(context) {
    const { version: running, failure } = await loginAttempt(context);
    if (failure === null) return { count: 0, sample: [`PostgreSQL ${running}`] };
    return {
      count: 1,
      sample: [failure.error?.message ?? failure.message],
      hint: 'Upgrade the server first, or restore a dump of this database on a newer one.',
      command: '',
    };
  },
};
