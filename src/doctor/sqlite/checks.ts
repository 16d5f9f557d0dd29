import type { SqliteTarget } from '../../settings/database-target.ts';
import type { TargetChecks } from '../context.ts';
import { siteObjects } from '../server/site-objects.ts';
import { databaseIndexes, databaseIntegrity, fileSchema } from './database/damage.ts';
import { databaseFreelist } from './database/freelist.ts';
import { databaseJournalMode, databaseVersion } from './database/layout.ts';
import { databaseBusyTimeout, databaseCacheSize, databaseSynchronous } from './database/parameters.ts';
import { databaseForeignKeys, databaseStatistics } from './database/rows.ts';
import { fileBeside, fileFolder, fileMode, fileReadable, fileSticky, fileWritable } from './file/access.ts';
import { fileSqlite, fileWhole } from './file/content.ts';
import { fileExists } from './file/exists.ts';
import { fileHolders, fileReplaced } from './file/holders.ts';
import { fileJournal } from './file/journal.ts';
import { fileExclusive, fileReaders, fileWriteLock } from './file/locks.ts';
import { fileFilesystem, fileLinks, fileMacos, fileSynced } from './file/places.ts';
import { fileBackup, fileSpace } from './file/space.ts';
import { fileWal, fileWalMatch, fileWalWhole } from './file/wal.ts';

export const SQLITE_CHECKS: TargetChecks<SqliteTarget> = {
  // Those that end the check come after the ones that tell most about why.
  outside: [
    fileExists,
    fileReadable,
    fileSqlite,
    fileWritable,
    fileFolder,
    fileSticky,
    fileBeside,
    fileMode,
    fileLinks,
    fileFilesystem,
    fileSynced,
    fileMacos,
    fileSpace,
    fileBackup,
    fileHolders,
    fileReplaced,
    fileWriteLock,
    fileReaders,
    fileExclusive,
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
    databaseBusyTimeout,
    databaseSynchronous,
    databaseCacheSize,
    databaseFreelist,
    databaseStatistics,
    databaseVersion,
  ],
};
