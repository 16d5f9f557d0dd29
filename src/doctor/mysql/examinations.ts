import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetExaminations } from '../examinations.ts';
import { dnsExamination } from '../server/dns.ts';
import { readable } from '../server/readable.ts';
import { siteObjects } from '../server/site-objects.ts';
import { tcpExamination } from '../server/tcp.ts';
import { authentication } from './authentication.ts';
import { backupClient } from './backup-client.ts';
import { blockers } from './blockers.ts';
import { charset } from './charset.ts';
import { collations, keyCollations } from './collations.ts';
import { database } from './database.ts';
import { galera } from './galera.ts';
import { backupGrants, grants } from './grants.ts';
import { innodbTables, storageEngine } from './innodb.ts';
import { keyLength } from './key-length.ts';
import { lastRelease } from './last-release.ts';
import { MYSQL_KIND } from './mysql-kind.ts';
import { packet } from './packet.ts';
import { primaryKeys } from './primary-keys.ts';
import { protocol } from './protocol.ts';
import { readOnly } from './read-only.ts';
import { space } from './space.ts';
import { sqlMode } from './sql-mode.ts';
import { tableNames } from './table-names.ts';
import { tls } from './tls.ts';
import { unfinishedRestore } from './unfinished-restore.ts';
import { version } from './version.ts';

export const MYSQL_EXAMINATIONS: TargetExaminations<MysqlTarget> = {
  outside: [
    dnsExamination(MYSQL_KIND),
    tcpExamination(MYSQL_KIND),
    protocol,
    tls,
    authentication,
    database,
    backupClient,
    version,
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
    storageEngine,
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
