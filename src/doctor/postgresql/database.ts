import { CLEAN } from '../../checks/check.ts';
import { quotePostgresql as q } from '../../database/postgresql/ddl.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { loginName } from '../server/login-name.ts';
import { type LoginFailure, loginAttempt } from './login-attempt.ts';

/** Whether the user, once let in, gets to the database; and whatever else may keep it from opening. */
export const database: Examination<TargetContext<PostgresqlTarget>> = {
  id: 'server.database',
  title: 'The database takes this user',
  level: 'error',
  meaning: 'The server lets the user in, but not into this database.',
  command: '',
  decisive: true,
  async find(context) {
    const { failure } = await loginAttempt(context);
    // Its version is the next one's business.
    if (failure === null || failure.error?.code === 'SERVER_VERSION') return CLEAN;
    return refusal(failure, context.target);
  },
};

function refusal(failure: LoginFailure, target: PostgresqlTarget): DoctorFindings {
  const { code, message, detail } = failure;
  const name = target.database;
  const user = loginName(target);
  const found = (hint: string, command: string): DoctorFindings => ({
    count: 1,
    sample: [`${message}${code === '' ? '' : ` (${code})`}`, detail].filter((line) => line !== ''),
    hint,
    command,
  });
  if (code === '3D000' || /no such database/.test(message)) {
    return found(
      'There is no such database on this server: correct its name in DATABASE_URL, or let an administrator of the server make it. An empty one becomes a v0.7.0 database by mcpgw migrate.',
      `CREATE DATABASE ${q(name)} OWNER ${q(user)} ENCODING 'UTF8' TEMPLATE template0;`,
    );
  }
  if (code === '42501') {
    return found(
      'The user lacks the privilege CONNECT.',
      `GRANT CONNECT ON DATABASE ${q(name)} TO ${q(user)};`,
    );
  }
  if (code === '55000') {
    return found(
      'The database is closed for everybody: open it, or use another.',
      `ALTER DATABASE ${q(name)} ALLOW_CONNECTIONS true;`,
    );
  }
  if (code === '57P03') {
    return found(
      /recovery|not accepting|hot standby/i.test(message)
        ? 'The server recovers, or is a replica that takes no connections: wait for it, or point DATABASE_URL at the primary.'
        : 'The server is starting or shutting down: wait for it. mcpgw migrate --wait 60 does.',
      'mcpgw status --wait 60',
    );
  }
  return found(failure.error?.hint || 'Look at the server’s log for what it makes of this connection.', '');
}
