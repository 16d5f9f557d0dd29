import { CLEAN } from '../../checks/check.ts';
import { quoteMysql } from '../../database/mysql/ddl.ts';
import { grantScope } from '../../database/mysql/privileges.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { attemptOf } from './attempt.ts';

const UNKNOWN_DATABASE = 1049;

/** Whether the database is there, and this user may use it. */
export const database: Examination<TargetContext<MysqlTarget>> = {
  id: 'server.database',
  title: 'The database is there and may be used',
  level: 'error',
  meaning: 'The server lets the user in, but not into the database that DATABASE_URL names.',
  command: '',
  decisive: true,
  async find(context) {
    const { refusal } = await attemptOf(context);
    if (refusal?.gate !== 'database') return CLEAN;
    const { target } = context;
    const sample = [`${refusal.message} (${refusal.code})`];
    const name = quoteMysql(target.database);
    if (refusal.code === UNKNOWN_DATABASE) {
      return {
        count: 1,
        sample,
        hint: 'Correct its name in DATABASE_URL, or make it: mcpgw creates no MySQL databases.',
        command: `CREATE DATABASE ${name} CHARACTER SET utf8mb4;`,
      };
    }
    // Access denied for user 'name'@'host' to database 'name': the account as the server knows it.
    const account = /'[^']*'@'[^']*'/.exec(refusal.message)?.[0] ?? `'${target.user ?? ''}'@'%'`;
    return {
      count: 1,
      sample,
      hint: 'The user has no grant on it, or it does not exist: a user without grants is not told which of the two.',
      command: `GRANT ALL PRIVILEGES ON ${grantScope(target.database)} TO ${account};`,
    };
  },
};
