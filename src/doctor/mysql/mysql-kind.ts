import { mysqlLocation } from '../../database/mysql/location.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { ServerKind } from '../server/location.ts';

/** Where a MySQL or MariaDB server is looked for; which of the two it is, only it can say. */
export const MYSQL_KIND: ServerKind<MysqlTarget> = {
  product: 'MySQL or MariaDB',
  defaultPort: 3306,
  service: 'mysql',
  locationOf: ({ target }) => mysqlLocation(target),
};
