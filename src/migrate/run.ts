import { MIGRATIONS } from '../../migrations/index.ts';
import type { Connection } from '../database/connection.ts';
import type { RunLock } from '../database/dialect.ts';
import { rowCounts } from '../database/row-counts.ts';
import { GatewayError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { HISTORY_TABLE, LEFTOVER_COPIES, VERSION_TABLE } from '../schema/gateway-tables.ts';
import type { Schema } from '../schema/model.ts';
import { historyRow } from './history.ts';
import { isEmpty, makePlan, type Plan, type PlanOptions } from './plan.ts';
import { record } from './record.ts';
import { REVISION } from './state.ts';

export interface RunContext extends Omit<PlanOptions, 'toRun'> {
  readonly progress: Progress;
  readonly toolVersion: string;
  readonly lockTimeoutMs: number;
  /** Aborted by the first Ctrl-C: the run stops before its next statement. */
  readonly signal: AbortSignal;
  /** Asked with the plan before anything is locked or written; false stops the run. */
  readonly confirm: (plan: Plan) => Promise<boolean>;
}

export interface StepResult {
  readonly id: string;
  readonly title: string;
  readonly status: 'done' | 'already';
  /** Rows written or given an owner. */
  readonly rows: number;
  readonly durationMs: number;
}

export interface TableRows {
  readonly table: string;
  /** Null for a table that was not there. */
  readonly before: number | null;
  /** Null for a table that was dropped. */
  readonly after: number | null;
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

/**
 * Brings a database to v0.7.0. Where the database can, all of it is one transaction; elsewhere every step is
 * found done or not done by looking, so that a run after an interruption goes on.
 *
 * @throws GatewayError: STATE, PREFLIGHT … before anything was written; PARTIAL after, where it could not be
 *   taken back
 */
export async function runMigration(db: Connection, context: RunContext): Promise<RunResult> {
  const { progress } = context;
  progress.start('Reading the database');
  const draft = await makePlan(db, { ...context, toRun: false });
  progress.done();
  if (isEmpty(draft)) return nothingToDo(draft);
  if (!(await context.confirm(draft))) {
    throw new GatewayError('CANCELLED', 'You answered no.', { hint: 'Nothing was changed.' });
  }
  await refuseWithoutPrivileges(db, draft);
  const lock: RunLock = {
    timeoutMs: context.lockTimeoutMs,
    onWait: (holder) => progress.log(`Waiting for ${holder} …`),
  };
  await db.dialect.beginRun(db, lock);
  let written = false;
  try {
    // What another run did while this one waited for the lock is seen only now.
    await db.dialect.lockTables(db, tablesToLock(draft, await db.dialect.readSchema(db)), lock);
    const plan = await makePlan(db, { ...context, toRun: true });
    if (isEmpty(plan)) {
      await db.dialect.endRun(db, false);
      return nothingToDo(plan);
    }
    const steps: StepResult[] = [];
    for (const step of plan.steps) {
      const result = await runStep(db, context, step, () => {
        written = true;
      });
      steps.push(result);
    }
    progress.start('Checking the result');
    const schema = await db.dialect.readSchema(db);
    refuseUnfinished(db, plan, schema);
    const { rows, warnings } = await compareRows(db, plan, schema);
    progress.done();
    await db.dialect.endRun(db, true);
    return {
      plan,
      steps,
      revision: REVISION.v070,
      changed: true,
      rows,
      warnings: [...plan.warnings, ...warnings],
    };
  } catch (error) {
    await db.dialect.endRun(db, false).catch(() => {
      // The connection is gone, and with it the transaction and its locks.
    });
    if (!written || db.dialect.transactionalDdl) throw error;
    throw partial(db, error);
  }
}

async function refuseWithoutPrivileges(db: Connection, plan: Plan): Promise<void> {
  const missing = await db.dialect.missingPrivileges(db, plan.tables);
  if (missing.length === 0) return;
  throw new GatewayError('PERMISSION', 'This user may not do everything that the migration does.', {
    details: missing,
    hint: 'Grant what is missing, or use the user that owns the gateway’s tables. Nothing was changed.',
  });
}

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

function tablesToLock(draft: Plan, schema: Schema): { changed: string[]; others: string[] } {
  const owned = [...draft.assigned].filter(([, rows]) => rows > 0).map(([name]) => name);
  const tables = [...schema.keys()].toSorted();
  const changes = new Set([...draft.changed, ...owned]);
  return {
    changed: tables.filter((name) => changes.has(name)),
    others: tables.filter((name) => !changes.has(name)),
  };
}

async function runStep(
  db: Connection,
  context: RunContext,
  step: Plan['steps'][number],
  onWrite: () => void,
): Promise<StepResult> {
  const { id, title, statements, checksum } = step;
  if (statements.length === 0 && checksum === null) {
    return { id, title, status: 'already', rows: 0, durationMs: 0 };
  }
  const since = performance.now();
  let rows = step.rowsArriving;
  context.progress.start(title, statements.length);
  for (const statement of statements) {
    stopIfAsked(db, context);
    onWrite();
    const affected = await db.run(statement);
    if (statement.counts !== undefined) rows += affected;
    context.progress.advance(1);
  }
  const durationMs = Math.round(performance.now() - since);
  if (checksum !== null) {
    await db.run(
      historyRow(db, {
        step: id,
        checksum,
        tool_version: context.toolVersion,
        applied_at: db.dialect.timestamp(context.now),
        duration_ms: durationMs,
        rows_written: rows,
      }),
    );
  }
  context.progress.done();
  return { id, title, status: statements.length === 0 ? 'already' : 'done', rows, durationMs };
}

function stopIfAsked(db: Connection, { signal }: RunContext): void {
  if (!signal.aborted) return;
  const terminated = signal.reason === 'SIGTERM';
  throw new GatewayError(
    terminated ? 'TERMINATED' : 'INTERRUPTED',
    `Stopped by ${signal.reason ?? 'a signal'}.`,
    {
      hint: db.dialect.transactionalDdl
        ? 'Everything was taken back: the database is as it was. To migrate it, run: mcpgw migrate'
        : 'What was done so far stays, and is right. To go on, run: mcpgw migrate',
    },
  );
}

/** An error after the first write on a database that cannot take schema changes back. */
function partial(db: Connection, error: unknown): GatewayError {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known?.code === 'INTERRUPTED' || known?.code === 'TERMINATED') return known;
  const message = known?.message ?? (error instanceof Error ? error.message : String(error));
  return new GatewayError('PARTIAL', `The migration stopped part-way: ${message}`, {
    hint: `${known?.hint ?? ''} What was done so far stays, and is right. To go on, run: mcpgw migrate`.trim(),
    cause: error,
  });
}

/** Proves that nothing is left to do: the same plan, made from what is there now, must be empty. */
function refuseUnfinished(db: Connection, plan: Plan, schema: Schema): void {
  const ownership = {
    teamId: plan.seed?.teamId ?? null,
    ownerEmail: plan.seed?.ownerEmail ?? null,
    visibility: 'private',
  };
  const kept = new Set([...LEFTOVER_COPIES.keys()].filter((name) => schema.has(name)));
  const facts = {
    nulls: () => 0,
    zonedTimes: db.dialect.zonedTimes,
    missingFrom: (copy: string) => (kept.has(copy) ? 1 : 0),
  };
  const again = record(MIGRATIONS, 'up', schema, db.dialect, facts, ownership);
  const left = again.steps.flatMap((step) => step.statements);
  if (left.length === 0) return;
  throw new GatewayError('INTERNAL', 'The schema is not what the migration leads to.', {
    details: left.slice(0, 5).map((statement) => statement.sql),
  });
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

/** Row counts before and after; a table that lost or gained rows is an error, which takes the run back. */
async function compareRows(
  db: Connection,
  plan: Plan,
  schema: Schema,
): Promise<{ rows: TableRows[]; warnings: string[] }> {
  const after = await rowCounts(db, [...schema.keys()]);
  const names = [...new Set([...plan.rowsBefore.keys(), ...after.keys()])].toSorted();
  const rows = names.map((table) => ({
    table,
    before: plan.rowsBefore.get(table) ?? null,
    after: after.get(table) ?? null,
  }));
  const wrong: string[] = [];
  const warnings: string[] = [];
  for (const { table, before, after: now } of rows) {
    if (before === null || now === before) continue;
    if (now === null && LEFTOVER_COPIES.has(table)) continue;
    if (now !== null && now > before && GROWING.has(table)) continue;
    const text = `${table}: ${before} rows before, ${now ?? 'no table'} after`;
    // Where others can write while a run goes on, more rows are theirs.
    if (!db.dialect.exclusive && now !== null && now > before)
      warnings.push(`${text}: something else writes to it.`);
    else wrong.push(text);
  }
  if (wrong.length === 0) return { rows, warnings };
  throw new GatewayError('FAILED', 'Row counts differ after the migration.', {
    details: wrong,
    hint: db.dialect.transactionalDdl ? 'Everything was taken back: the database is as it was.' : '',
  });
}
