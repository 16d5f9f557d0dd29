import { postgresqlBackupClients } from '../../database/postgresql/clients.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import { backupClientExamination } from '../server/backup-client.ts';
import { loginAttempt } from './login-attempt.ts';

export const backupClient = backupClientExamination<PostgresqlTarget>({
  async serverOf(context) {
    const { version } = await loginAttempt(context);
    return version === '' ? null : { product: 'PostgreSQL', version };
  },
  find: (context, { version }) => postgresqlBackupClients(context, version),
});
