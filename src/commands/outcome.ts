import type { ExitCode } from '../errors.ts';
import type { CheckReport, Report, ReportStatus, Section, StepReport } from '../report/report.ts';

/** What a command found or did; the frame around it makes the report. */
export interface Outcome {
  readonly exitCode: ExitCode;
  readonly steps?: readonly StepReport[];
  readonly checks?: readonly CheckReport[];
  readonly sections?: readonly Section[];
  readonly warnings?: readonly string[];
  readonly next?: string;
}

/** `status` of a report, which goes with its exit code. */
export function statusOf(exitCode: ExitCode): ReportStatus {
  switch (exitCode) {
    case 0:
      return 'ok';
    case 1:
      return 'findings';
    case 2:
      return 'refused';
    case 3:
      return 'partial';
    case 4:
      return 'locked';
    case 130:
    case 143:
      return 'interrupted';
  }
}

/** A report of `outcome`, with everything it does not mention empty. */
export function reportOf(
  command: string,
  version: string,
  outcome: Outcome,
  rest: Pick<Report, 'database' | 'error'>,
): Report {
  return {
    schemaVersion: 1,
    tool: { name: 'mcpgw', version },
    command,
    status: statusOf(outcome.exitCode),
    exitCode: outcome.exitCode,
    database: rest.database,
    steps: outcome.steps ?? [],
    checks: outcome.checks ?? [],
    sections: outcome.sections ?? [],
    warnings: outcome.warnings ?? [],
    error: rest.error,
    next: outcome.next ?? '',
  };
}
