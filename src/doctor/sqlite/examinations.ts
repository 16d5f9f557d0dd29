import type { SqliteTarget } from '../../settings/database-target.ts';
import type { TargetExaminations } from '../examinations.ts';

export const SQLITE_EXAMINATIONS: TargetExaminations<SqliteTarget> = {
  outside: [],
  inside: [],
};
