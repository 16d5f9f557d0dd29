import type { CheckReport } from '../report/report.ts';
import { isProblem } from './run-check.ts';

/** The advice for what a migration mends; a hint that has something else come first says `then run`. */
export const RUN_MIGRATE = 'Run: mcpgw migrate';

/** Whether a check found what `fix` cannot mend and `migrate` can: its hint says so. */
export function needsMigration(report: CheckReport): boolean {
  return isProblem(report) && !report.fixable && report.hint.includes(RUN_MIGRATE);
}
