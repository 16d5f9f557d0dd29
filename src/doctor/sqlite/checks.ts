import type { SqliteTarget } from '../../settings/database-target.ts';
import type { TargetChecks } from '../context.ts';
import { siteObjects } from '../server/site-objects.ts';
import { fileBeside, fileMode, fileReadable, fileSticky, writableChecks } from './access.ts';
import { fileExists, fileSqlite, fileWhole } from './content.ts';
import { databaseIndexes, databaseIntegrity, fileSchema } from './damage.ts';
import { databaseFreelist } from './freelist.ts';
import { holderChecks } from './holders.ts';
import { placeChecks } from './places.ts';
import {
  databaseForeignKeys,
  databaseJournalMode,
  databaseStatistics,
  databaseVersion,
  parameterChecks,
} from './pragmas.ts';
import { fileJournal, fileWal, fileWalMatch, fileWalWhole } from './wal.ts';

export const SQLITE_CHECKS: TargetChecks<SqliteTarget> = {
  // Those that end the check come after the ones that tell most about why.
  outside: [
    fileExists,
    fileReadable,
    fileSqlite,
    ...writableChecks,
    fileSticky,
    fileBeside,
    fileMode,
    ...placeChecks,
    ...holderChecks,
    fileWalMatch,
    fileWalWhole,
    fileJournal,
    fileWal,
    fileWhole,
    fileSchema,
  ],
  // Where pages are damaged, nothing later can be believed.
  inside: [
    databaseIntegrity,
    databaseIndexes,
    databaseForeignKeys,
    siteObjects,
    databaseJournalMode,
    ...parameterChecks,
    databaseFreelist,
    databaseStatistics,
    databaseVersion,
  ],
};
