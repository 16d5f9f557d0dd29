import type { Connection } from '../database/connection.ts';
import { type Guard, inSavepoint } from '../database/in-savepoint.ts';
import { rowCounts } from '../database/row-counts.ts';
import { siteTriggers } from '../database/site-object.ts';
import type { Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import { compareRows } from '../migrate/compare-rows.ts';
import { type BeforeWriting, inRun } from '../migrate/in-run.ts';
import { keepColumns } from '../migrate/keep-columns.ts';
import { readBeforeLocking } from '../migrate/read-before-locking.ts';
import { runStatements } from '../migrate/run-steps.ts';
import { refuseSite } from '../migrate/site-objects.ts';
import { tablesTouched } from '../migrate/tables-to-lock.ts';
import { type Reconnect, throughAnother } from '../migrate/through-another.ts';
import type { Progress } from '../progress.ts';
import { mcpgw } from '../report/advice.ts';
import type { DraftCheck } from '../report/report.ts';
import { GATEWAY_TABLES } from '../schema/gateway-tables.ts';
import type { Schema } from '../schema/model.ts';
import { setAsideTables } from '../schema/set-aside.ts';
import type { Check, DataRepair } from './check.ts';
import { type CheckInput, checkContext } from './context.ts';
import { isProblem, type Outcome, runCheck } from './run-check.ts';
import { seedsAmong } from './seed-statements.ts';

export interface FixContext extends Omit<CheckInput, 'overrides'> {
  /** Called before the lock and behind it: refuses a database that is not repaired. */
  readonly judge: () => Promise<CheckInput['overrides']>;
  readonly progress: Progress;
  readonly lockTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Asked with the plan before anything is locked or written; false stops the run. */
  readonly confirm: (plan: FixPlan) => Promise<boolean>;
  readonly beforeWriting: BeforeWriting;
  readonly reconnect: Reconnect;
}

export interface PlannedRepair {
  readonly check: Check;
  readonly repair: DataRepair;
}

export interface FixPlan {
  /** What is there, and what the repairs make of it. */
  readonly schema: Schema;
  readonly after: Schema;
  /** Tables of rows that a salvage could not place. */
  readonly setAside: readonly string[];
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
  readonly warnings: readonly string[];
  /** Each check as it was found, with how much was repaired and how much remains. */
  readonly checks: readonly DraftCheck[];
  readonly clean: boolean;
}

/**
 * Finds what is wrong and plans how to repair it. Writes nothing.
 *
 * @param guard keeps a check that crashes from taking the others with it, where they share a transaction
 */
export async function planFix(
  db: Connection,
  checks: readonly Check[],
  input: CheckInput,
  guard?: Guard,
): Promise<FixPlan> {
  const context = await checkContext(db, input);
  // Before the repairs put in what they make.
  const schema: Schema = new Map(context.schema);
  const setAside = setAsideTables(context.schema);
  const outcomes: Outcome[] = [];
  const repairs: PlannedRepair[] = [];
  const planned = new Set<Statement>();
  for (const check of checks) {
    const outcome = await runCheck(check, context, guard);
    outcomes.push(outcome);
    const { findings } = outcome;
    if (findings === null || findings.count === 0) continue;
    const repair = (await check.repair?.(context, findings)) ?? null;
    if (repair === null) continue;
    // Repairs may build on the same missing thing (the personal team); it is made once, where it is first needed.
    const statements = repair.statements.filter((statement) => !planned.has(statement));
    for (const statement of statements) planned.add(statement);
    if (statements.length === 0) continue;
    const summary = [...new Set([...seedsAmong(context, statements), ...repair.summary])];
    repairs.push({ check, repair: { summary, statements } });
  }
  return { schema, after: context.schema, setAside, outcomes, repairs };
}

/** The same inside of a transaction, where a check that crashes must not take the others with it. */
export function planInTransaction(
  db: Connection,
  checks: readonly Check[],
  input: CheckInput,
): Promise<FixPlan> {
  return inSavepoint(db, (guard) => planFix(db, checks, input, guard));
}

/** What starts a repair again, or goes on with it. */
const COMMAND = mcpgw('fix');

/**
 * Repairs what the checks find: finds, repairs, and finds again. One transaction where the database can.
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
  const judged = async () => ({ ...context, overrides: await context.judge() });
  const plannedNow = async () => planInTransaction(db, checks, await judged());
  const draft = await readBeforeLocking(db, context, plannedNow, ({ repairs }) => repairs.length === 0);
  progress.done();
  if (draft.repairs.length === 0) return nothingRepaired(draft);
  const notes = await refuseRepair(db, draft);
  if (!(await context.confirm(draft))) {
    throw new GatewayError('CANCELLED', 'You answered no.', {
      hint: 'Run it again when you are ready; --dry-run shows everything it would do.',
    });
  }
  const run = { ...context, what: 'The repair', command: COMMAND };
  const { plan, steps, warnings, input } = await inRun(db, run, async ({ lock, onWrite }) => {
    // What others did in between is seen only now, behind the lock.
    const input = await judged();
    await context.beforeWriting();
    await db.dialect.lockTables(db, tablesTouched(statementsOf(draft), draft.schema.keys()), lock);
    const planAgain = db.dialect.transactionalDdl ? planInTransaction : planFix;
    const plan = await planAgain(db, checks, input);
    if (plan.repairs.length === 0) return { plan, steps: [], warnings: [], input };
    // Of tables that no repair names only triggers change rows.
    const others = new Map([...plan.schema].filter(([name]) => !GATEWAY_TABLES.has(name)));
    const hasTriggers = others.size > 0 && (await siteTriggers(db)).length > 0;
    const before = hasTriggers ? await rowCounts(db, [...others.keys()]) : null;
    const kept = await keepColumns(db, plan.schema, statementsOf(plan));
    const steps: FixStep[] = [];
    const write = async (repairs: readonly PlannedRepair[]) => {
      for (const { check, repair } of repairs) {
        const running = { ...context, command: COMMAND, onWrite, kept };
        steps.push({ check, ...(await runStatements(db, check.title, repair.statements, running)) });
      }
    };
    const isEarly = ({ check }: PlannedRepair) => check.early === true;
    await write(plan.repairs.filter(isEarly));
    const rest = steps.length === 0 ? plan : await planAgain(db, checks, input);
    await write(rest.repairs.filter((repair) => !isEarly(repair)));
    const none = { what: 'the repair', growing: new Set<string>(), goes: () => false };
    const warnings = before === null ? [] : (await compareRows(db, before, others, none)).warnings;
    return { plan, steps, warnings, input };
  });
  if (plan.repairs.length === 0) return nothingRepaired(plan);
  progress.start('Looking again');
  const again = await throughAnother(db, context.reconnect, (other) => lookAgain(other, checks, input));
  progress.done();
  const told = [...notes, ...warnings, ...again.warnings];
  return { plan, steps, warnings: told, ...summary(plan.outcomes, again.seen) };
}

async function lookAgain(
  db: Connection,
  checks: readonly Check[],
  input: CheckInput,
): Promise<readonly Outcome[]> {
  await db.dialect.beginRead(db);
  const { outcomes } = await planInTransaction(db, checks, input);
  await db.dialect.endRead(db);
  return outcomes;
}

/**
 * @returns what of the site they meet and go on with, a sentence each
 * @throws GatewayError PREFLIGHT for what the site has added that does not go together with these repairs
 */
export async function refuseRepair(db: Connection, plan: FixPlan): Promise<string[]> {
  const { schema, after } = plan;
  const written = new Set(statementsOf(plan).flatMap(({ table }) => table ?? []));
  const notes = await refuseSite(db, 'The repair', { before: schema, after, written });
  return notes.map((note) => `${note}${/[.;]$/.test(note) ? '' : '.'}`);
}

/** All that the repairs of a plan write, in order. */
export function statementsOf(plan: FixPlan): Statement[] {
  return plan.repairs.flatMap(({ repair }) => repair.statements);
}

function nothingRepaired(plan: FixPlan): FixResult {
  return { plan, steps: [], warnings: [], ...summary(plan.outcomes, plan.outcomes) };
}

function summary(before: readonly Outcome[], after: readonly Outcome[]): Pick<FixResult, 'checks' | 'clean'> {
  const checks = before.map(({ report }, i): DraftCheck => {
    const now = after[i]?.report ?? report;
    const remaining = now.level === 'info' ? 0 : now.count;
    const found = report.level === 'info' ? 0 : report.count;
    return {
      ...report,
      status: now.status,
      findings: remaining > 0 ? now.findings : report.findings,
      // Of what could not be checked it says why.
      hint: remaining > 0 || now.status === 'errored' || now.status === 'skipped' ? now.hint : '',
      repaired: Math.max(0, found - remaining),
      remaining,
    };
  });
  return { checks, clean: !after.some(({ report }) => isProblem(report)) };
}
