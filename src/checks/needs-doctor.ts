import type { CheckReport } from '../report/report.ts';
import { isProblem } from './run-check.ts';

/** Whether a check found damage, or met it: its hint says so. No repair of rows goes before that. */
export function needsDoctor(report: CheckReport): boolean {
  return isProblem(report) && report.hint.includes('mcpgw doctor');
}
