import type { PostgresqlTarget } from '../../settings/database-target.ts';
import type { TargetExaminations } from '../examinations.ts';

export const POSTGRESQL_EXAMINATIONS: TargetExaminations<PostgresqlTarget> = {
  outside: [],
  inside: [],
};
