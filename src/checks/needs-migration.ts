import type { CheckReport } from '../report/report.ts';
import { isProblem } from './run-check.ts';

/** Whether a check found what `fix` cannot mend and `migrate` can: its hint says so. */
export function needsMigration(report: CheckReport): boolean {
  return isProblem(report) && !report.fixable && report.hint.includes('mcpgw migrate');
}
