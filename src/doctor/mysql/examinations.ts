import type { MysqlTarget } from '../../settings/database-target.ts';
import type { TargetExaminations } from '../examinations.ts';

export const MYSQL_EXAMINATIONS: TargetExaminations<MysqlTarget> = {
  outside: [],
  inside: [],
};
