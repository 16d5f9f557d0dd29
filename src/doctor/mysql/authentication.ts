import { CLEAN } from '../../checks/check.ts';
import { grantScope } from '../../database/mysql/privileges.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { loginName } from '../server/login-name.ts';
import { attemptOf } from './attempt.ts';
import type { Refusal } from './refusal.ts';

/** Whether the server lets this user in, whatever database it is for. */
export const authentication: Examination<TargetContext<MysqlTarget>> = {
  id: 'server.authentication',
  title: 'The server lets this user in',
  level: 'error',
  meaning: 'The server answers, and does not let the user of DATABASE_URL in.',
  command: '',
  decisive: true,
  async find(context) {
    const { refusal } = await attemptOf(context);
    return refusal?.gate === 'authentication' ? authenticationFindings(refusal, context.target) : CLEAN;
  },
};

/** The finding for a refusal at this gate. Numbers: MySQL and MariaDB manuals, error codes. */
export function authenticationFindings({ code, message }: Refusal, target: MysqlTarget): DoctorFindings {
  const login = loginCommand(target);
  const account = `'${loginName(target)}'@'%'`;
  const found = (hint: string, command: string): DoctorFindings => ({
    count: 1,
    sample: [`${message}${code === '' ? '' : ` (${code})`}`],
    hint,
    command,
  });
  switch (code) {
    case 1045:
    case 1698:
      return found(
        target.password === null
          ? 'DATABASE_URL has no password. Put it in, percent-encoded, or the whole URL into a file: DATABASE_URL_FILE.'
          : 'The password is wrong, or there is no such user for connections from this machine. Percent-encode special characters of the password in DATABASE_URL; an administrator sees with SELECT user, host FROM mysql.user from where the user may come.',
        login,
      );
    case 1130:
      return found(
        `No account may come from this machine: an administrator makes one for its address with CREATE USER ${account} IDENTIFIED BY and a password, and lets it in.`,
        `GRANT ALL PRIVILEGES ON ${grantScope(target.database)} TO ${account};`,
      );
    case 1129:
      return found(
        'Too many connections from this machine broke off, so that the server shuts it out (max_connect_errors). An administrator lets it in again; on MariaDB with FLUSH HOSTS.',
        'TRUNCATE TABLE performance_schema.host_cache;',
      );
    case 1040:
    case 1203:
    case 1226:
      return found(
        'The server has no connection left for this user: close some, such as other replicas of the gateway or their pools (DB_POOL_SIZE), or allow more with max_connections or MAX_USER_CONNECTIONS.',
        'SELECT user, count(*) FROM information_schema.processlist GROUP BY user ORDER BY 2 DESC;',
      );
    case 1820:
    case 1862:
      return found(
        `The password has expired: an administrator sets a new one with ALTER USER ${account} IDENTIFIED BY and the password.`,
        '',
      );
    case 3118:
    case 4151:
      return found(
        'The account is locked: an administrator unlocks it.',
        `ALTER USER ${account} ACCOUNT UNLOCK;`,
      );
    case 1251:
    case 1524:
    case 2059:
    case 'AUTH_SWITCH_PLUGIN_ERROR':
    case 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED':
      return found(
        'The account uses a way of logging in that this program does not speak: give it caching_sha2_password (MySQL) or mysql_native_password (MariaDB), with ALTER USER … IDENTIFIED WITH … BY and its password.',
        '',
      );
    case 1047:
      return found(
        'The node does not belong to the majority of its cluster, or has not caught up yet: use another node, or wait.',
        "SHOW STATUS LIKE 'wsrep_%';",
      );
    default:
      return found('The server answered with an error of its own: its log says more.', login);
  }
}

/** Logs in with the family's own client, which asks for the password. */
function loginCommand({ host, port, socketPath, user, database }: MysqlTarget): string {
  const where = socketPath === null ? `--host=${host} --port=${port}` : `--socket=${socketPath}`;
  return `mysql ${where}${user === null ? '' : ` --user=${user}`} --password ${database}`;
}
