import type { Connection } from '../database/connection.ts';
import type { RunLock } from '../database/dialect.ts';
import type { Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import { readBeforeLocking } from '../migrate/read-before-locking.ts';
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
  if (draft.repairs.length === 0) {
    return { plan: draft, steps: [], ...summary(draft.outcomes, draft.outcomes) };
  }
  if (!(await context.confirm(draft))) {
    throw new GatewayError('CANCELLED', 'You answered no.', { hint: 'Nothing was changed.' });
  }
  const lock: RunLock = {
    timeoutMs: context.lockTimeoutMs,
    onWait: (holder) => progress.log(`Waiting for ${holder} …`),
  };
  await db.dialect.beginRun(db, lock);
  let written = false;
  try {
    // What others did in between is seen only now, behind the lock.
    const plan = await planFix(db, checks, context, db.dialect.transactionalDdl);
    const steps: FixStep[] = [];
    for (const { check, repair } of plan.repairs) {
      const since = performance.now();
      let rows = 0;
      progress.start(check.title, repair.statements.length);
      for (const statement of repair.statements) {
        if (context.signal.aborted) throw interrupted(db, context.signal);
        written = true;
        const affected = await db.run(statement);
        if (statement.counts !== undefined) rows += affected;
        progress.advance(1);
      }
      progress.done();
      steps.push({ check, rows, durationMs: Math.round(performance.now() - since) });
    }
    progress.start('Looking again');
    const after = (await planFix(db, checks, context, db.dialect.transactionalDdl)).outcomes;
    progress.done();
    await db.dialect.endRun(db, true);
    return { plan, steps, ...summary(plan.outcomes, after) };
  } catch (error) {
    await db.dialect.endRun(db, false).catch(() => {
      // The connection is gone, and with it the transaction and its locks.
    });
    if (!written || db.dialect.transactionalDdl) throw error;
    const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
    if (known?.code === 'INTERRUPTED' || known?.code === 'TERMINATED') throw known;
    const message = known?.message ?? (error instanceof Error ? error.message : String(error));
    throw new GatewayError('PARTIAL', `The repair stopped part-way: ${message}`, {
      hint: `${known?.hint ?? ''} What was repaired stays. To go on, run: mcpgw fix`.trim(),
      cause: error,
    });
  }
}

function interrupted(db: Connection, signal: AbortSignal): GatewayError {
  return new GatewayError(
    signal.reason === 'SIGTERM' ? 'TERMINATED' : 'INTERRUPTED',
    `Stopped by ${signal.reason ?? 'a signal'}.`,
    {
      hint: db.dialect.transactionalDdl
        ? 'Everything was taken back: the database is as it was. To repair it, run: mcpgw fix'
        : 'What was repaired so far stays. To go on, run: mcpgw fix',
    },
  );
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
