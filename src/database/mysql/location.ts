import type { MysqlTarget } from '../../settings/database-target.ts';
import type { ServerLocation } from '../server-location.ts';

/** Where a target's server listens. */
export function mysqlLocation({ host, port, socketPath, connectTimeoutMs }: MysqlTarget): ServerLocation {
  return { host, port, socketPath, connectTimeoutMs };
}
