import { MIGRATIONS } from '../../migrations/index.ts';
import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { mcpgw } from '../report/advice.ts';
import { HISTORY_TABLE, LEFTOVER_COPIES, VERSION_TABLE } from '../schema/gateway-tables.ts';
import type { Schema } from '../schema/model.ts';
import { hashPassword } from '../seed/password.ts';
import { afterLostCommit } from './after-lost-commit.ts';
import { CommitUnknown } from './commit-unknown.ts';
import { compareRows, type TableRows } from './compare-rows.ts';
import { isAtHead } from './head.ts';
import { type BeforeWriting, inRun } from './in-run.ts';
import { keepColumns } from './keep-columns.ts';
import { isEmpty, makePlan, nothingLeft, type Plan, type PlanOptions } from './plan.ts';
import { readBeforeLocking } from './read-before-locking.ts';
import { readPlanFacts } from './read-facts.ts';
import { record } from './record.ts';
import { refuseWithoutPrivileges } from './refuse-without-privileges.ts';
import { runSteps, type StepResult } from './run-steps.ts';
import { REVISION } from './state.ts';
import { tablesToLock } from './tables-to-lock.ts';
import { type Reconnect, refuseUnsaved } from './through-another.ts';

export interface RunContext extends Omit<PlanOptions, 'purpose' | 'password'> {
  readonly progress: Progress;
  readonly toolVersion: string;
  readonly lockTimeoutMs: number;
  /** Aborted by the first Ctrl-C: the run stops before its next statement. */
  readonly signal: AbortSignal;
  /** Asked with the plan before anything is locked or written; false stops the run. */
  readonly confirm: (plan: Plan) => Promise<boolean>;
  readonly beforeWriting: BeforeWriting;
  readonly reconnect: Reconnect;
}

export interface RunResult {
  readonly plan: Plan;
  readonly steps: readonly StepResult[];
  /** `alembic_version` afterwards. */
  readonly revision: string;
  /** False when everything was in place and nothing was written. */
  readonly changed: boolean;
  readonly rows: readonly TableRows[];
  readonly warnings: readonly string[];
}

/** What goes on after an interruption. */
const COMMAND = mcpgw('migrate');

/**
 * Brings a database to v0.7.0. Where the database can, all of it is one transaction; elsewhere every step is
 * found done or not done by looking, so that a run after an interruption goes on.
 *
 * @throws GatewayError: STATE, PREFLIGHT … before anything was written; PARTIAL after, where it could not be
 *   taken back
 */
export async function runMigration(db: Connection, context: RunContext): Promise<RunResult> {
  const { progress } = context;
  if (await isAtHead(db, context.settings)) return nothingToDo(nothingLeft(context.settings));
  progress.start('Reading the database');
  const readPlan = () => makePlan(db, { ...context, purpose: 'outline' });
  const draft = await readBeforeLocking(db, context, readPlan, isEmpty);
  progress.done();
  if (isEmpty(draft)) return nothingToDo(draft);
  if (!(await context.confirm(draft))) {
    throw new GatewayError('CANCELLED', 'You answered no.', {
      hint: 'Run it again when you are ready; --dry-run shows everything it would do.',
    });
  }
  // Hashing takes a core for a while; it does so beside what the database has to do before the plan is made.
  const isNew = draft.seed?.parts.some((part) => part.id === 'admin' && part.statements.length > 0) ?? false;
  const password = isNew ? hashPassword(context.settings.platformAdminPassword, context.settings) : undefined;
  password?.catch(() => {
    // The plan waits for it, and fails with it.
  });
  await refuseWithoutPrivileges(db, 'the migration', [...draft.schema.keys()]);
  const running = inRun(
    db,
    { ...context, what: 'The migration', command: COMMAND },
    async ({ lock, waited, onWrite }): Promise<RunResult> => {
      // Most likely it was another migration, and it is done: then the gateway’s tables are left alone.
      const now = waited ? await readPlan() : draft;
      if (isEmpty(now)) return nothingToDo(now);
      // It reads through a connection of its own, which the table locks would keep out.
      await context.beforeWriting();
      // What another run did while this one waited for the lock is seen only now.
      const found = await db.dialect.readSchema(db);
      await db.dialect.lockTables(db, tablesToLock(now, found.keys()), lock);
      // Where tables were waited for, whoever had them may have changed them.
      const schema = db.dialect.locks.others === null ? found : undefined;
      const plan = await makePlan(db, { ...context, purpose: 'run', schema, password });
      if (isEmpty(plan)) return nothingToDo(plan);
      const statements = plan.steps.flatMap((step) => step.statements);
      const kept = await keepColumns(db, plan.schema, statements);
      const steps = await runSteps(db, plan.steps, { ...context, command: COMMAND, onWrite, kept });
      progress.start('Checking the result');
      const after = await db.dialect.readSchema(db);
      await refuseUnfinished(db, plan, after);
      const { rows, warnings } = await compareRows(db, plan.rowsBefore, after, {
        what: 'the migration',
        growing: GROWING,
        goes: (table) => LEFTOVER_COPIES.has(table),
      });
      progress.done();
      return {
        plan,
        steps,
        revision: REVISION.v070,
        changed: true,
        rows,
        warnings: [...plan.warnings, ...warnings],
      };
    },
  );
  const result = await running.catch((error: unknown) => {
    if (!(error instanceof CommitUnknown)) throw error;
    return lookAfterwards(error, draft, context);
  });
  if (!result.changed) return result;
  const steps = result.plan.steps.filter(({ checksum }) => checksum !== null).length;
  const written = { revision: REVISION.v070, steps, now: context.now };
  const saved = await refuseUnsaved(db, context.reconnect, 'The migration', written);
  return { ...result, warnings: [...result.warnings, ...saved] };
}

/** The result of a run that turns out to have been committed. */
async function lookAfterwards(
  unknown: CommitUnknown<RunResult>,
  { state }: Plan,
  context: RunContext,
): Promise<RunResult> {
  const { progress, reconnect, settings, adopt, signal } = context;
  progress.log('The connection was lost during the commit. Looking what became of it …');
  const timeoutMs = Math.max(context.lockTimeoutMs, MIN_LOOK_MS);
  const lock = { timeoutMs, onWait: () => {}, signal };
  await afterLostCommit({ unknown, reconnect, settings, lock, before: state, adopt, command: COMMAND });
  const { result } = unknown;
  const warning =
    'The connection was lost during the commit; a look through a new one shows that the migration is done.';
  return { ...result, warnings: [...result.warnings, warning] };
}

/** The server may need a moment to see that the connection is gone. */
const MIN_LOOK_MS = 5_000;

function nothingToDo(plan: Plan): RunResult {
  const steps = plan.steps.map(
    ({ id, title }): StepResult => ({ id, title, status: 'already', rows: 0, durationMs: 0 }),
  );
  return {
    plan,
    steps,
    revision: plan.state.revision,
    changed: false,
    rows: [],
    warnings: plan.warnings,
  };
}

/** Proves that nothing is left to do: the same plan, made from what is there now, must be empty. */
async function refuseUnfinished(db: Connection, plan: Plan, schema: Schema): Promise<void> {
  const ownership = {
    teamId: plan.seed?.teamId ?? null,
    ownerEmail: plan.seed?.ownerEmail ?? null,
    visibility: 'private',
  };
  const kept = new Set([...LEFTOVER_COPIES.keys()].filter((name) => schema.has(name)));
  const facts = {
    ...(await readPlanFacts(db, schema)),
    missingFrom: (copy: string) => (kept.has(copy) ? 1 : 0),
  };
  const again = record(MIGRATIONS, 'up', schema, db.dialect, facts, ownership);
  const left = again.steps.flatMap((step) => step.statements);
  if (left.length === 0) return;
  const details = left.slice(0, 5).map((statement) => statement.sql);
  if (left.every(({ counts }) => counts !== undefined)) {
    throw new GatewayError('FAILED', 'Rows are as they were after they were updated.', {
      details,
      hint: 'A trigger of this site keeps them so. Turn it off for the migration: mcpgw doctor lists them under database.site-objects.',
    });
  }
  throw new GatewayError('INTERNAL', 'The schema is not what the migration leads to.', { details });
}

/** Tables that a run adds rows to: their counts may grow. */
const GROWING: ReadonlySet<string> = new Set([
  'email_users',
  'email_auth_events',
  'email_teams',
  'email_team_members',
  'roles',
  'user_roles',
  VERSION_TABLE,
  HISTORY_TABLE,
]);
