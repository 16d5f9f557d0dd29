import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetExaminations } from '../examinations.ts';
import { dnsExamination } from '../server/dns.ts';
import { readable } from '../server/readable.ts';
import { siteObjects } from '../server/site-objects.ts';
import { tcpExamination } from '../server/tcp.ts';
import { authentication } from './authentication.ts';
import { backupClient } from './backup-client.ts';
import { blockers } from './blockers.ts';
import { database } from './database.ts';
import { encoding } from './encoding.ts';
import { grants } from './grants.ts';
import { invalidIndexes } from './invalid-indexes.ts';
import { pooler } from './pooler.ts';
import { POSTGRESQL } from './postgresql-kind.ts';
import { prepared } from './prepared.ts';
import { protocol } from './protocol.ts';
import { readOnly } from './read-only.ts';
import { oneSchema, searchPath } from './search-path.ts';
import { space } from './space.ts';
import { statistics } from './statistics.ts';
import { tls } from './tls.ts';
import { transactions } from './transactions.ts';
import { version } from './version.ts';

export const POSTGRESQL_EXAMINATIONS: TargetExaminations<PostgresqlTarget> = {
  outside: [
    dnsExamination(POSTGRESQL),
    tcpExamination(POSTGRESQL),
    protocol,
    tls,
    authentication,
    database,
    pooler,
    transactions,
    backupClient,
    version,
  ],
  inside: [
    blockers,
    readable,
    grants,
    siteObjects,
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
