import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { OpenContext } from '../../context.ts';
import type { Examination } from '../../examination.ts';

export type InsideContext = OpenContext<SqliteTarget>;

/** Looks into the open database. */
export type InsideExamination = Examination<InsideContext>;
