import { postgresqlBackupClients } from '../../database/postgresql/clients.ts';
import { postgresqlLocation } from '../../database/postgresql/location.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetChecks } from '../context.ts';

import { backupClientCheck, gateChecks } from '../server/login.ts';
import { dnsCheck, type ServerKind, tcpCheck } from '../server/network.ts';
import { readable } from '../server/readable.ts';
import { siteObjects } from '../server/site-objects.ts';
import { blockers, prepared } from './blockers.ts';
import { grants } from './grants.ts';
import { POSTGRESQL_GATES, postgresqlLogin } from './login.ts';
import { pooler, transactions } from './pooling.ts';
import { restoreDependents } from './restore-dependents.ts';
import { oneSchema, searchPath } from './search-path.ts';
import { encoding, readOnly } from './session.ts';
import { space } from './space.ts';
import { invalidIndexes, statistics } from './upkeep.ts';

const KIND: ServerKind<PostgresqlTarget> = {
  product: 'PostgreSQL',
  defaultPort: 5432,
  service: 'postgresql',
  locationOf: postgresqlLocation,
};
const gate = gateChecks(postgresqlLogin, POSTGRESQL_GATES);

export const POSTGRESQL_CHECKS: TargetChecks<PostgresqlTarget> = {
  outside: [
    dnsCheck(KIND),
    tcpCheck(KIND),
    gate('protocol'),
    gate('tls'),
    gate('authentication'),
    gate('database'),
    pooler,
    transactions,
    backupClientCheck(postgresqlLogin, (context, { version }) => postgresqlBackupClients(context, version)),
    gate('version'),
  ],
  inside: [
    blockers,
    readable,
    grants,
    siteObjects,
    restoreDependents,
    readOnly,
    encoding,
    searchPath,
    oneSchema,
    space,
    prepared,
    invalidIndexes,
    statistics,
  ],
};
