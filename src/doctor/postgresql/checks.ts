import { type DoctorCheck, fine } from '../../checks/check.ts';
import { postgresqlBackupClients } from '../../database/postgresql/clients.ts';
import { dependentsOf } from '../../database/postgresql/dependents.ts';
import { postgresqlLocation } from '../../database/server-location.ts';
import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { OpenContext, TargetChecks } from '../context.ts';
import { readable, serverChecks } from '../server/checks.ts';
import type { ServerKind } from '../server/network.ts';
import { siteObjects } from '../server/site-objects.ts';
import { blockers, prepared } from './blockers.ts';
import { grants } from './grants.ts';
import { postgresqlLogin } from './login.ts';
import { pooler, transactions } from './pooling.ts';
import { oneSchema, searchPath } from './search-path.ts';
import { encoding, readOnly, space } from './session.ts';
import { invalidIndexes, statistics } from './upkeep.ts';

const KIND: ServerKind<PostgresqlTarget> = {
  product: 'PostgreSQL',
  defaultPort: 5432,
  service: 'postgresql',
  locationOf: postgresqlLocation,
};

/** What a restore of a backup that is made now would refuse. */
const restoreDependents: DoctorCheck<OpenContext> = {
  id: 'database.restore-dependents',
  title: 'Backups hold everything that depends on the gateway’s tables',
  level: 'info',
  hint: '',
  preflight: 'warn',
  async find({ db }) {
    const dependents = await dependentsOf(db, ({ dumped }) => dumped);
    const drops = dependents.filter(({ goes }) => !goes).map(({ drop }) => `${drop};`);
    if (drops.length === 0) return fine();
    const told = `a restore would need what is outside of the backup dropped first: ${drops.join(' ')}`;
    return { ...fine(told), notes: [told] };
  },
};

export const POSTGRESQL_CHECKS: TargetChecks<PostgresqlTarget> = {
  outside: serverChecks(
    KIND,
    postgresqlLogin,
    (context, { version }) => postgresqlBackupClients(context, version),
    [pooler, transactions],
  ),
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
