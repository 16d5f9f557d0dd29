import type { ExitCode } from '../errors.ts';
import type { Command, Text } from '../report/advice.ts';
import type { Draft, DraftCheck, DraftSection, ReportStatus, StepReport } from '../report/report.ts';

/** What a command found or did; the frame around it makes the report. */
export interface Outcome {
  readonly exitCode: ExitCode;
  readonly steps?: readonly StepReport[];
  readonly checks?: readonly DraftCheck[];
  readonly sections?: readonly DraftSection[];
  readonly warnings?: readonly Text[];
  /** None when nothing is left to do. */
  readonly next?: Command | undefined;
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
  rest: Pick<Draft, 'database' | 'error'>,
): Draft {
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
