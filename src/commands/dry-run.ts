import type { PlannedStep } from '../change/change.ts';
import { plannedHistoryRow } from '../change/history.ts';
import type { TableLock } from '../change/locks.ts';
import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import { ExitCode, type GatewayError } from '../errors.ts';
import { advise } from '../report/advice.ts';
import { reasonOf } from '../report/refusal.ts';
import type { StepReport } from '../report/report.ts';
import { section } from '../report/section.ts';
import { hashKind } from '../seed/password.ts';
import { VERSION } from '../version.ts';
import type { Outcome } from './outcome.ts';

const FEW = 5;

/** A step of a plan as `--dry-run` shows it: with what it writes, and the record of it that the run makes. */
export function shownStep(db: Connection, step: PlannedStep): StepReport {
  const { id, title, summary = [], statements, checksum = null } = step;
  const recorded =
    checksum === null ? [] : [plannedHistoryRow(db, { step: id, checksum, tool_version: VERSION })];
  if (statements.length > 0) {
    // More than that is told in a table of its own.
    const told = summary.length > FEW ? '' : summary.join('; ');
    return plannedStep(id, [title, told].filter(Boolean).join(': '), [...statements, ...recorded]);
  }
  const inPlace = { id, title, status: 'already', rows: null, durationMs: 0 } as const;
  // The record of a step is no work of it: a run tells such a step as in place, too.
  return recorded.length === 0 ? inPlace : { ...inPlace, statements: recorded.map(printStatement) };
}

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

/** A statement with its parameters; password hashes are masked, and what else is secret. */
function printStatement({ sql, parameters, secrets }: Statement): string {
  const text = sql.replaceAll(/\s+/g, ' ').trim();
  if (parameters.length === 0) return text;
  return `${text} -- ${parameters.map((value, i) => printParameter(secrets?.has(i) && value !== null ? MASK : value)).join(', ')}`;
}

const MASK = '***';

function printParameter(value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value !== 'string') return String(value);
  return hashKind(value) === 'unknown' ? `'${value.replaceAll("'", "''")}'` : `'${MASK}'`;
}

/** Which tables a run locks and how; none when it locks nothing. */
export function locksSection(locks: readonly TableLock[]) {
  const rows = locks.map(({ table, lock, why }) => [table, lock, why]);
  return section('locks', 'Locks', ['table', 'lock', 'why'], rows);
}

/**
 * What a dry run ends with: it is no success where the run would be refused, and what comes next is not the run,
 * but what the refusal advises.
 *
 * @param refusals why the run would be refused before its first write
 */
export function endDryRun(outcome: Outcome, refusals: readonly GatewayError[]): Outcome {
  if (refusals.length === 0) return outcome;
  // All that looks at a damaged file finds the damage: what a run stops at says it.
  const damage = refusals.find(({ code }) => code === 'CORRUPT');
  const told = damage === undefined ? refusals : [damage];
  return {
    ...outcome,
    warnings: [
      ...told.map((error) => advise`A run would refuse: ${reasonOf(error)}`),
      ...(outcome.warnings ?? []),
    ],
    exitCode: ExitCode.findings,
    next: told.find(({ next }) => next !== undefined)?.next,
  };
}
