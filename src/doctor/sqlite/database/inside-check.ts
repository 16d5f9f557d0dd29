import type { DoctorCheck } from '../../../checks/check.ts';
import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { OpenContext } from '../../context.ts';

export type InsideContext = OpenContext<SqliteTarget>;

/** Looks into the open database. */
export type InsideCheck = DoctorCheck<InsideContext>;
