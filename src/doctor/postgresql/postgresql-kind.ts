import { postgresqlLocation } from '../../database/postgresql/location.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { ServerKind } from '../server/location.ts';

export const POSTGRESQL: ServerKind<PostgresqlTarget> = {
  product: 'PostgreSQL',
  defaultPort: 5432,
  service: 'postgresql',
  locationOf: ({ target }) => postgresqlLocation(target),
};
