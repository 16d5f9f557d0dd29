import { CLEAN } from '../../checks/check.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { loginName } from '../server/login-name.ts';
import { type LoginFailure, loginAttempt } from './login-attempt.ts';

/** Whether the server lets this user in, whatever database it is for. */
export const authentication: Examination<TargetContext<PostgresqlTarget>> = {
  id: 'server.authentication',
  title: 'The server lets this user in',
  level: 'error',
  meaning: 'The server answers, and refuses the user or the password of DATABASE_URL.',
  command: '',
  decisive: true,
  async find(context) {
    const { failure } = await loginAttempt(context);
    return (failure && refusal(failure, context.target)) ?? CLEAN;
  },
};

/** SQLSTATE: PostgreSQL manual, appendix A; the texts are those of `src/backend/libpq` and of PgBouncer. */
function refusal(failure: LoginFailure, target: PostgresqlTarget): DoctorFindings | null {
  const { code, message } = failure;
  const user = loginName(target);
  const found = (hint: string, command: string): DoctorFindings => ({
    count: 1,
    sample: [`${message}${code === '' ? '' : ` (${code})`}`],
    hint,
    command,
  });
  if (code === '53300') {
    return found(
      'The server has no connection left for this user: close some, such as other replicas of the gateway or their pools (DB_POOL_SIZE), or allow more with max_connections or CONNECTION LIMIT.',
      'SELECT usename, state, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC;',
    );
  }
  if (code === '28000' && /no pg_hba\.conf entry|pg_hba\.conf rejects/.test(message)) {
    return found(
      `The server’s pg_hba.conf has no line that lets ${user} into ${target.database} from this address: add one, such as \`hostssl ${target.database} ${user} <address>/32 scram-sha-256\`, and let the server read it.`,
      'SELECT pg_reload_conf();',
    );
  }
  if (/role ".*" does not exist|no such user/.test(message)) {
    return found(
      `There is no user ${user} on this server: correct DATABASE_URL, or let an administrator of the server make it, with CREATE ROLE ${q(user)} LOGIN PASSWORD and a password.`,
      '',
    );
  }
  if (/is not permitted to log in/.test(message)) {
    return found(
      `The role ${user} is not one to log in with: allow it, or use another.`,
      `ALTER ROLE ${q(user)} LOGIN;`,
    );
  }
  if (/client password must be a string|fe_sendauth|empty password/.test(message)) {
    return found(
      'The server wants a password, and DATABASE_URL has none. Put it in (percent-encoded), or the whole URL into a file that DATABASE_URL_FILE or --database-url-file names.',
      '',
    );
  }
  if (/^28/.test(code) || /SASL|password authentication failed|authentication failed/i.test(message)) {
    return found(
      `The password is wrong, or there is no user ${user}: PostgreSQL does not tell which. In DATABASE_URL special characters are percent-encoded (@ is %40, / is %2F, % is %25). Correct it there. If the user is there, an administrator of the server sets a new password with ALTER ROLE ${q(user)} PASSWORD and the password; if not, he makes it with CREATE ROLE ${q(user)} LOGIN PASSWORD and one.`,
      '',
    );
  }
  return null;
}
