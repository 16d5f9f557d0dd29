import type { DoctorCheck } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import { lastReleaseLines } from '../../database/last-release.ts';
import { mysqlClients } from '../../database/mysql/clients.ts';
import { mysqlLocation } from '../../database/mysql/location.ts';
import { waysOn, whatIsUnfinished } from '../../migrate/unfinished-restore.ts';
import { shellWord } from '../../report/shell-word.ts';
import type { MysqlTarget } from '../../settings/database-target.ts';
import type { OpenContext, TargetChecks } from '../context.ts';

import { backupClientCheck, gateChecks } from '../server/login.ts';
import { dnsCheck, type ServerKind, tcpCheck } from '../server/network.ts';
import { readable } from '../server/readable.ts';
import { siteObjects } from '../server/site-objects.ts';
import { blockers } from './blockers.ts';
import { charset, collations, keyCollations } from './collations.ts';
import { galera } from './galera.ts';
import { backupGrants, grants } from './grants.ts';
import { MYSQL_GATES, mysqlLogin } from './login.ts';
import { innodbTables, keyLength, primaryKeys, space, tableNames } from './tables.ts';
import { packet, readOnly, sqlMode } from './variables.ts';

/** Which of the two it is, only the server can say. */
const KIND: ServerKind<MysqlTarget> = {
  product: 'MySQL or MariaDB',
  defaultPort: 3306,
  service: 'mysql',
  locationOf: mysqlLocation,
};
const gate = gateChecks(mysqlLogin, MYSQL_GATES);

/** Half of a restore can look like anything, so nothing else is said of such data. */
const unfinishedRestore: DoctorCheck<OpenContext> = {
  id: 'database.restore',
  title: 'No restore stands half done',
  level: 'error',
  hint: 'Tables are missing or half full, and every command but restore refuses the database.',
  decisive: true,
  async find({ db }) {
    const found = await db.dialect.unfinishedRestore(db);
    if (found === null) return CLEAN;
    const command = `mcpgw restore ${shellWord(found.backup)}`;
    return { count: 1, sample: [whatIsUnfinished(found)], hint: waysOn(found), command };
  },
};

/** How far the gateway goes with this kind of database: no fault of it. */
const lastRelease: DoctorCheck<OpenContext> = {
  id: 'database.last-release',
  title: 'Releases of the gateway that run here',
  level: 'info',
  hint: '',
  async find({ db }) {
    const sample = lastReleaseLines(db.dialect);
    return { count: sample.length, sample };
  },
};

export const MYSQL_CHECKS: TargetChecks<MysqlTarget> = {
  outside: [
    dnsCheck(KIND),
    tcpCheck(KIND),
    gate('protocol'),
    gate('tls'),
    gate('authentication'),
    gate('database'),
    backupClientCheck(mysqlLogin, mysqlClients),
    gate('version'),
  ],
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
