import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import { type BeforeWriting, inRun } from '../migrate/in-run.ts';
import { readBeforeLocking } from '../migrate/read-before-locking.ts';
import { runStatements } from '../migrate/run-steps.ts';
import { REVISION } from '../migrate/state.ts';
import type { Progress } from '../progress.ts';
import type { CheckReport } from '../report/report.ts';
import type { Check, Repair } from './check.ts';
import { type CheckInput, checkContext } from './context.ts';
import { isProblem, type Outcome, runCheck } from './run-check.ts';

export interface FixContext extends CheckInput {
  readonly progress: Progress;
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Asked with the plan before anything is locked or written; false stops the run. */
  readonly confirm: (plan: FixPlan) => Promise<boolean>;
  readonly beforeWriting: BeforeWriting;
}

export interface PlannedRepair {
  readonly check: Check;
  readonly repair: Repair;
}

export interface FixPlan {
  readonly outcomes: readonly Outcome[];
  readonly repairs: readonly PlannedRepair[];
}

export interface FixStep {
  readonly check: Check;
  readonly rows: number;
  readonly durationMs: number;
}

export interface FixResult {
  readonly plan: FixPlan;
  readonly steps: readonly FixStep[];
  /** Each check as it was found, with how much was repaired and how much remains. */
  readonly checks: readonly CheckReport[];
  readonly clean: boolean;
}

/** Finds what is wrong and plans how to mend it. Writes nothing. */
export async function planFix(
  db: Connection,
  checks: readonly Check[],
  input: CheckInput,
  inTransaction = false,
): Promise<FixPlan> {
  const context = await checkContext(db, input, inTransaction);
  const outcomes: Outcome[] = [];
  const repairs: PlannedRepair[] = [];
  const planned = new Set<Statement>();
  for (const check of checks) {
    const outcome = await runCheck(check, context);
    outcomes.push(outcome);
    const { findings } = outcome;
    if (findings === null || findings.count === 0) continue;
    const repair = (await check.repair?.(context, findings)) ?? null;
    if (repair === null) continue;
    // Repairs may build on the same missing thing (the personal team); it is made once, where it is first needed.
    const statements = repair.statements.filter((statement) => !planned.has(statement));
    for (const statement of statements) planned.add(statement);
    if (statements.length > 0) repairs.push({ check, repair: { ...repair, statements } });
  }
  return { outcomes, repairs };
}

/** What starts a repair again, or goes on with it. */
const COMMAND = 'mcpgw fix';

/**
 * Mends what the checks find: finds, repairs, and finds again. One transaction where the database can.
 *
 * @throws GatewayError; PARTIAL when something was written that could not be taken back
 */
export async function runFix(
  db: Connection,
  checks: readonly Check[],
  context: FixContext,
): Promise<FixResult> {
  const { progress } = context;
  progress.start('Looking for what is wrong');
  const draft = await readBeforeLocking(db, context, () => planFix(db, checks, context));
  progress.done();
  if (draft.repairs.length === 0) return nothingRepaired(draft);
  if (!(await context.confirm(draft))) {
    throw new GatewayError('CANCELLED', 'You answered no.', {
      hint: 'Run it again when you are ready; --dry-run shows everything it would do.',
    });
  }
  return inRun(db, { ...context, what: 'The repair', command: COMMAND }, async ({ onWrite }) => {
    await context.beforeWriting({ release: '0.7.0', revision: REVISION.v070 });
    // What others did in between is seen only now, behind the lock.
    const plan = await planFix(db, checks, context, db.dialect.transactionalDdl);
    if (plan.repairs.length === 0) return nothingRepaired(plan);
    const steps: FixStep[] = [];
    for (const { check, repair } of plan.repairs) {
      const running = { ...context, command: COMMAND, onWrite };
      steps.push({ check, ...(await runStatements(db, check.title, repair.statements, running)) });
    }
    progress.start('Looking again');
    const after = (await planFix(db, checks, context, db.dialect.transactionalDdl)).outcomes;
    progress.done();
    return { plan, steps, ...summary(plan.outcomes, after) };
  });
}

function nothingRepaired(plan: FixPlan): FixResult {
  return { plan, steps: [], ...summary(plan.outcomes, plan.outcomes) };
}

function summary(before: readonly Outcome[], after: readonly Outcome[]): Pick<FixResult, 'checks' | 'clean'> {
  const checks = before.map(({ report }, i): CheckReport => {
    const now = after[i]?.report ?? report;
    const remaining = now.level === 'info' ? 0 : now.count;
    const found = report.level === 'info' ? 0 : report.count;
    return {
      ...report,
      status: now.status,
      findings: remaining > 0 ? now.findings : report.findings,
      hint: remaining > 0 ? now.hint : '',
      repaired: Math.max(0, found - remaining),
      remaining,
    };
  });
  return { checks, clean: !after.some(({ report }) => isProblem(report)) };
}
