import type { Dialect } from '../database/dialect.ts';
import { ExitCode } from '../errors.ts';
import { lockImpact } from '../migrate/lock-impact.ts';
import type { RollbackResult } from '../migrate/rollback.ts';
import type { RollbackPlan } from '../migrate/rollback-plan.ts';
import { REVISION } from '../migrate/state.ts';
import { type Command, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import type { Section, StepReport } from '../report/report.ts';
import { locksSection } from './locks-section.ts';
import type { Outcome } from './outcome.ts';
import { plannedStep } from './planned-step.ts';

/** What a rollback will do, in a few lines, for the person who is asked. */
export function describeRollback(plan: RollbackPlan): string[] {
  const statements = plan.steps.reduce((sum, step) => sum + step.statements.length, 0);
  return [
    `The database is ${plan.state.description} (revision ${plan.state.revision}).`,
    ...(plan.dropped.length === 0 ? [] : [`Drops ${plural(plan.dropped.length, 'table')} of v0.7.0.`]),
    ...disownedIn(plan),
    ...plan.losses.map(({ table, rows }) => `Loses ${plural(rows, 'row')} of ${table}.`),
    ...plan.warnings,
    `${plural(statements, 'statement')} in all; --dry-run shows every one of them.`,
  ];
}

function disownedIn({ disowned }: RollbackPlan): string[] {
  const rows = [...disowned.values()].reduce((sum, n) => sum + n, 0);
  if (rows === 0) return [];
  const who = rows === 1 ? 'loses its' : 'lose their';
  return [`${plural(rows, 'row')} of ${[...disowned.keys()].join(', ')} ${who} owner, team and visibility.`];
}

/**
 * The report of `--dry-run`.
 *
 * @param run the command that does it
 */
export function rollbackPlanOutcome(dialect: Dialect, plan: RollbackPlan, run: Command): Outcome {
  const nothingToDo = plan.steps.length === 0;
  return {
    exitCode: ExitCode.ok,
    steps: nothingToDo
      ? IN_PLACE
      : plan.steps.map(({ id, title, statements }) => plannedStep(id, title, statements)),
    sections: [
      ...losses(plan),
      ...disowned(plan),
      ...locksSection(lockImpact(dialect, { ...plan, assigned: new Map() })),
    ],
    warnings: plan.warnings,
    next: nothingToDo ? undefined : run,
  };
}

const IN_PLACE: readonly StepReport[] = [
  { id: 'revision', title: `Revision ${REVISION.v060}`, status: 'already', rows: null, durationMs: 0 },
];

/** The report of a run. */
export function rollbackOutcome({ plan, steps, changed, rows, warnings }: RollbackResult): Outcome {
  if (!changed) return { exitCode: ExitCode.ok, steps: IN_PLACE, warnings };
  return {
    exitCode: ExitCode.ok,
    steps: steps.map(({ id, title, status, rows: written, durationMs }) => ({
      id,
      title,
      status,
      rows: written > 0 ? written : null,
      durationMs,
    })),
    sections: [
      ...losses(plan),
      {
        id: 'rows',
        title: 'Rows per table',
        columns: ['table', 'before', 'after'],
        rows: rows.map(({ table, before, after }) => [table, before ?? 'new', after ?? 'dropped']),
      },
      {
        id: 'gateway',
        title: 'The gateway',
        columns: [],
        rows: [['Start the gateway v0.6.0 now: the database is not one of v0.7.0 any more.']],
      },
    ],
    warnings,
    next: mcpgw('status'),
  };
}

function disowned(plan: RollbackPlan): Section[] {
  return perTable('disowned', 'Rows that lose their owner, team and visibility', [...plan.disowned]);
}

function losses(plan: RollbackPlan): Section[] {
  const rows = plan.losses.map(({ table, rows: lost }) => [table, lost]);
  return perTable('losses', 'Rows beyond the seeded ones that are lost', rows);
}

/** Rows by table; nothing where there are none. */
function perTable(id: string, title: string, rows: Section['rows']): Section[] {
  return rows.length === 0 ? [] : [{ id, title, columns: ['table', 'rows'], rows }];
}
