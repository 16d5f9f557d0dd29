import { CLEAN } from '../../checks/check.ts';
import { mysqlLocation } from '../../database/mysql/location.ts';
import { placeOf } from '../../database/server-location.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { attemptOf } from './attempt.ts';

/** Whether what takes the connection speaks as MySQL and MariaDB do. */
export const protocol: Examination<TargetContext<MysqlTarget>> = {
  id: 'server.protocol',
  title: 'What answers is MySQL or MariaDB',
  level: 'error',
  meaning: 'Something takes connections there, but does not answer as MySQL and MariaDB do.',
  command: '',
  decisive: true,
  async find(context) {
    const { refusal } = await attemptOf(context);
    if (refusal?.gate !== 'protocol') return CLEAN;
    const { host, port, socketPath } = context.target;
    const where = placeOf(mysqlLocation(context.target));
    const { code, message } = refusal;
    // The driver has the code among its words as a rule.
    const what = `${message}${message.includes(`${code}`) ? '' : ` (${code})`}`;
    return {
      count: 1,
      sample: [what.startsWith(where) ? what : `${where}: ${what}`],
      hint: 'Another service listens on this port, a proxy in between has no server behind it, or the server is still starting: correct host and port in DATABASE_URL, or wait.',
      command: socketPath === null ? `nc ${host} ${port} </dev/null | head -c 80` : `ls -l ${socketPath}`,
    };
  },
};
