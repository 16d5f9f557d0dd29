import type { Statement } from '../database/statement.ts';
import type { StepReport } from '../report/report.ts';
import { printStatement } from './print-statement.ts';

/** A step of `--dry-run`, with every statement that a run would execute. */
export function plannedStep(id: string, title: string, statements: readonly Statement[]): StepReport {
  return {
    id,
    title,
    status: 'planned',
    rows: null,
    durationMs: 0,
    statements: statements.map(printStatement),
  };
}
