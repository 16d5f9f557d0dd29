import { CLEAN, type DoctorCheck, found } from '../../checks/check.ts';
import { lastReleaseLines } from '../../database/last-release.ts';
import { mysqlClients } from '../../database/mysql/clients.ts';
import { mysqlLocation } from '../../database/server-location.ts';
import { waysOn, whatIsUnfinished } from '../../migrate/unfinished-restore.ts';
import { mcpgw } from '../../report/advice.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext, TargetChecks } from '../context.ts';
import { readable, serverChecks } from '../server/checks.ts';
import type { ServerKind } from '../server/network.ts';
import { siteObjects } from '../server/site-objects.ts';
import { blockers } from './blockers.ts';
import { charset, collations, keyCollations } from './collations.ts';
import { backupGrants, grants } from './grants.ts';
import { mysqlLogin } from './login.ts';
import { innodbTables, keyLength, primaryKeys, space, tableNames } from './tables.ts';
import { galera, packet, readOnly, sqlMode } from './variables.ts';

/** Which of the two it is, only the server can say. */
const KIND: ServerKind<MysqlTarget> = {
  product: 'MySQL or MariaDB',
  defaultPort: 3306,
  service: 'mysql',
  locationOf: mysqlLocation,
};

/** Half of a restore can look like anything, so nothing else is said of such data. */
const unfinishedRestore: DoctorCheck<OpenContext> = {
  id: 'database.restore',
  title: 'No restore stands half done',
  level: 'error',
  hint: '',
  decisive: true,
  async find({ db }) {
    const unfinished = await db.dialect.unfinishedRestore(db);
    if (unfinished === null) return CLEAN;
    const command = mcpgw('restore', unfinished.backup);
    return found([whatIsUnfinished(unfinished)], { hint: waysOn(unfinished), command });
  },
};

/** How far the gateway goes with this kind of database: no fault of it. */
const lastRelease: DoctorCheck<OpenContext> = {
  id: 'database.last-release',
  title: 'Releases of the gateway that run here',
  level: 'info',
  hint: '',
  find: async ({ db }) => found(lastReleaseLines(db.dialect)),
};

export const MYSQL_CHECKS: TargetChecks<MysqlTarget> = {
  outside: serverChecks(KIND, mysqlLogin, mysqlClients),
  inside: [
    unfinishedRestore,
    blockers,
    readable,
    grants,
    backupGrants,
    siteObjects,
    readOnly,
    galera,
    innodbTables,
    keyLength,
    tableNames,
    primaryKeys,
    charset,
    keyCollations,
    collations,
    sqlMode,
    packet,
    space,
    lastRelease,
  ],
};
