import { mysqlClients } from '../../database/mysql/clients.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import { backupClientExamination } from '../server/backup-client.ts';
import { attemptOf } from './attempt.ts';

export const backupClient = backupClientExamination<MysqlTarget>({
  async serverOf(context) {
    const [product, version] = (await attemptOf(context)).server?.split(' ') ?? [];
    return product === undefined || version === undefined ? null : { product, version };
  },
  find: mysqlClients,
});
