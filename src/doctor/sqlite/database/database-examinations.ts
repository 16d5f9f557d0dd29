import { siteObjects } from '../../server/site-objects.ts';
import { databaseBusyTimeout, databaseCacheSize, databaseSynchronous } from './connection-parameters.ts';
import { databaseForeignKeys } from './foreign-keys.ts';
import { databaseFreelist } from './freelist.ts';
import { databaseIndexes } from './indexes.ts';
import type { InsideExamination } from './inside-examination.ts';
import { databaseIntegrity } from './integrity.ts';
import { databaseJournalMode } from './journal-mode.ts';
import { databaseLayout, databaseVersion } from './layout.ts';
import { databaseStatistics } from './statistics.ts';

/** Where pages are damaged, nothing later can be believed. */
export const DATABASE_EXAMINATIONS: readonly InsideExamination[] = [
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
  databaseLayout,
  databaseVersion,
];
