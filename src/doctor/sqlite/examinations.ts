import type { SqliteTarget } from '../../settings/database-target.ts';
import type { TargetExaminations } from '../examinations.ts';
import { DATABASE_EXAMINATIONS } from './database/database-examinations.ts';
import { fileSchema } from './database/file-schema.ts';
import { FILE_EXAMINATIONS } from './file/file-examinations.ts';

export const SQLITE_EXAMINATIONS: TargetExaminations<SqliteTarget> = {
  outside: [...FILE_EXAMINATIONS, fileSchema],
  inside: DATABASE_EXAMINATIONS,
};
