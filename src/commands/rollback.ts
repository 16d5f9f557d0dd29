import { type Ran, statementsOf } from '../change/change.ts';
import { ExitCode } from '../errors.ts';
import { type RollbackPlan, rollback as takeBack } from '../migrate/rollback.ts';
import { REVISION } from '../migrate/state.ts';
import { mcpgw, type Text } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { section } from '../report/section.ts';
import { type ChangeOptions, makeChange } from './change-command.ts';
import type { Io } from './io.ts';
import type { Outcome } from './outcome.ts';
import { rowsSection } from './rows-section.ts';
import { runCommand } from './run-command.ts';
import { openSession } from './session.ts';

export interface RollbackOptions extends ChangeOptions {
  readonly discardNewData?: boolean;
}

/** Takes the database back to the v0.6.0 schema, or shows with `--dry-run` how it would. */
export function rollback(io: Io, options: RollbackOptions): Promise<ExitCode> {
  const { discardNewData = false } = options;
  return runCommand('rollback', io, options, async ({ open }) => {
    const session = await openSession(io, options, { credentials: 'optional' });
    open(session);
    return makeChange(session, options, {
      change: takeBack({ settings: session.loaded.settings, now: new Date(), discardNewData }),
      flags: {},
      question: 'Take this database back to v0.6.0 now?',
      describe: describeRollback,
      planned: (plan) => ({ sections: [...losses(plan), ...disowned(plan)], warnings: plan.warnings }),
      done: rollbackOutcome,
      leadsTo: { release: '0.6.0', revision: REVISION.v060 },
    });
  });
}

/** What a rollback will do, in a few lines, for the person who is asked. */
function describeRollback(plan: RollbackPlan): Text[] {
  return [
    `The database is ${plan.state.description} (revision ${plan.state.revision}).`,
    ...(plan.dropped.length === 0 ? [] : [`Drops ${plural(plan.dropped.length, 'table')} of v0.7.0.`]),
    ...disownedIn(plan),
    ...plan.losses.map(({ table, rows }) => `Loses ${plural(rows, 'row')} of ${table}.`),
    ...plan.warnings,
    `${plural(statementsOf(plan).length, 'statement')} in all; --dry-run shows every one of them.`,
  ];
}

function disownedIn({ disowned }: RollbackPlan): string[] {
  const rows = [...disowned.values()].reduce((sum, n) => sum + n, 0);
  if (rows === 0) return [];
  const who = rows === 1 ? 'loses its' : 'lose their';
  return [`${plural(rows, 'row')} of ${[...disowned.keys()].join(', ')} ${who} owner, team and visibility.`];
}

/** What a run tells besides its steps. */
function rollbackOutcome({ plan, changed, rows, warnings }: Ran<RollbackPlan>): Outcome {
  if (!changed) return { exitCode: ExitCode.ok, warnings };
  const start = 'Start the gateway v0.6.0 now: the database is not one of v0.7.0 any more.';
  return {
    exitCode: ExitCode.ok,
    sections: [...losses(plan), ...rowsSection(rows), ...section('gateway', 'The gateway', [], [[start]])],
    warnings,
    next: mcpgw('status'),
  };
}

function disowned(plan: RollbackPlan) {
  const title = 'Rows that lose their owner, team and visibility';
  return section('disowned', title, ['table', 'rows'], [...plan.disowned]);
}

function losses(plan: RollbackPlan) {
  const rows = plan.losses.map(({ table, rows: lost }) => [table, lost]);
  return section('losses', 'Rows beyond the seeded ones that are lost', ['table', 'rows'], rows);
}
