import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { ServerLocation } from '../server-location.ts';

/** Where a target's server listens; a host that is a folder holds a socket named after the port. */
export function postgresqlLocation({ host, port, connectTimeoutMs }: PostgresqlTarget): ServerLocation {
  const socketPath = host.startsWith('/') ? `${host}/.s.PGSQL.${port}` : null;
  return { host, port, socketPath, connectTimeoutMs };
}
