import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { backups } from './backups.ts';
import { history } from './history.ts';
import { leftByMigration } from './left-by-migration.ts';
import { lostAndFound } from './lost-and-found.ts';
import { ready } from './ready.ts';
import { release } from './release.ts';
import { verify, verifyWarnings } from './verify.ts';

export const DATA_EXAMINATIONS: readonly Examination<OpenContext>[] = [
  release,
  ready,
  leftByMigration,
  lostAndFound,
  verify,
  verifyWarnings,
  history,
  backups,
];
