import {
  type Change,
  isEmpty,
  type Planned,
  type PlannedStep,
  type Ran,
  statementsOf,
} from '../change/change.ts';
import { compareRows } from '../change/compare-rows.ts';
import type { Connection } from '../database/connection.ts';
import { type Guard, inSavepoint } from '../database/in-savepoint.ts';
import { rowCounts } from '../database/row-counts.ts';
import { siteTriggers } from '../database/site-object.ts';
import type { Statement } from '../database/statement.ts';
import { refuseSite } from '../migrate/site-objects.ts';
import { ended, mcpgw } from '../report/advice.ts';
import type { DraftCheck } from '../report/report.ts';
import { GATEWAY_TABLES } from '../schema/gateway-tables.ts';
import type { Schema } from '../schema/model.ts';
import { setAsideTables } from '../schema/set-aside.ts';
import type { Check } from './check.ts';
import { type CheckInput, checkContext } from './context.ts';
import { isProblem, type Outcome, runCheck } from './run-check.ts';
import { seedsAmong } from './seed-statements.ts';

export interface FixOptions extends Omit<CheckInput, 'overrides'> {
  readonly checks: readonly Check[];
  /** Called before the locks and behind them: refuses a database that is not repaired. */
  readonly judge: (db: Connection) => Promise<CheckInput['overrides']>;
}

/** Its steps are the repairs, by the id of their check. */
export interface FixPlan extends Planned {
  readonly input: CheckInput;
  /** What the repairs make of the schema. */
  readonly after: Schema;
  /** Tables of rows that a salvage could not place. */
  readonly setAside: readonly string[];
  readonly outcomes: readonly Outcome[];
  /** Rows of the tables that no repair names, where triggers could change them. */
  readonly rowsBefore: ReadonlyMap<string, number> | null;
}

/** The change that repairs what the checks find: it finds, repairs, and finds again. */
export function fix({ checks, judge, ...asked }: FixOptions): Change<FixPlan, readonly Outcome[]> {
  const what = 'The repair';
  return {
    what,
    command: mcpgw('fix'),
    reading: 'Looking for what is wrong',
    needsOwner: false,
    now: asked.now,
    async plan(db, { purpose }) {
      const input = { ...asked, overrides: await judge(db) };
      const isLocked = purpose === 'run';
      const plan =
        isLocked && !db.dialect.transactionalDdl
          ? await planFix(db, checks, input)
          : await planInTransaction(db, checks, input);
      if (isEmpty(plan)) return plan;
      const written = new Set(statementsOf(plan).flatMap(({ table }) => table ?? []));
      const notes = await refuseSite(db, what, { before: plan.schema, after: plan.after, written });
      const warnings = notes.map((note) => ended(note));
      return { ...plan, warnings, rowsBefore: isLocked ? await rowsOfOthers(db, plan.schema) : null };
    },
    async check(db, { rowsBefore, schema }) {
      const none = { what: 'the repair', growing: new Set<string>(), goes: () => false };
      return rowsBefore === null
        ? { rows: [], warnings: [] }
        : compareRows(db, rowsBefore, othersIn(schema), none);
    },
    async look(db, { input }) {
      await db.dialect.beginRead(db);
      const { outcomes } = await planInTransaction(db, checks, input);
      await db.dialect.endRead(db);
      return outcomes;
    },
  };
}

const othersIn = (schema: Schema): Schema =>
  new Map([...schema].filter(([name]) => !GATEWAY_TABLES.has(name)));

/** Of tables that no repair names only triggers change rows. */
async function rowsOfOthers(db: Connection, schema: Schema): Promise<FixPlan['rowsBefore']> {
  const others = [...othersIn(schema).keys()];
  const hasTriggers = others.length > 0 && (await siteTriggers(db)).length > 0;
  return hasTriggers ? rowCounts(db, others) : null;
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
  const steps: PlannedStep[] = [];
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
    const { id, title, early = false } = check;
    steps.push({ id, title, summary, statements, early });
  }
  return { input, schema, after: context.schema, setAside, outcomes, steps, rowsBefore: null, warnings: [] };
}

/** The same inside of a transaction, where a check that crashes must not take the others with it. */
function planInTransaction(db: Connection, checks: readonly Check[], input: CheckInput): Promise<FixPlan> {
  return inSavepoint(db, (guard) => planFix(db, checks, input, guard));
}

/** Each check as it was found, with how much was repaired and how much remains. */
export function repaired({ plan: { outcomes: before }, seen }: Ran<FixPlan, readonly Outcome[]>): {
  readonly checks: readonly DraftCheck[];
  readonly clean: boolean;
} {
  const after = seen ?? before;
  const checks = before.map(({ report }, i): DraftCheck => {
    const now = after[i]?.report ?? report;
    const remaining = now.level === 'info' ? 0 : now.count;
    const found = report.level === 'info' ? 0 : report.count;
    return {
      ...report,
      status: now.status,
      findings: remaining > 0 ? now.findings : report.findings,
      // Of what could not be checked it says why.
      hint: now.status === 'passed' ? '' : now.hint,
      repaired: Math.max(0, found - remaining),
      remaining,
    };
  });
  return { checks, clean: !after.some(({ report }) => isProblem(report)) };
}
