import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { advise, joined, mcpgw, type Text } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { VERSION_TABLE } from '../schema/gateway-tables.ts';
import type { Settings } from '../settings/settings.ts';
import { compareRows, type TableRows } from './compare-rows.ts';
import { type BeforeWriting, inRun } from './in-run.ts';
import { readBeforeLocking } from './read-before-locking.ts';
import { refuseWithoutPrivileges } from './refuse-without-privileges.ts';
import { makeRollbackPlan, type RollbackPlan, recordRollback } from './rollback-plan.ts';
import { runSteps, type StepResult } from './run-steps.ts';
import { refuseSite } from './site-objects.ts';
import { REVISION } from './state.ts';
import { tablesToLock } from './tables-to-lock.ts';
import { type Reconnect, refuseUnsaved } from './through-another.ts';

export interface RollbackContext {
  readonly settings: Pick<Settings, 'platformAdminEmail' | 'adminEmailIsDefault'>;
  /** Go on even if users, teams, tokens … are lost that no migration would make again. */
  readonly discardNewData: boolean;
  readonly now: Date;
  readonly progress: Progress;
  readonly toolVersion: string;
  readonly lockTimeoutMs: number;
  /** Aborted by the first Ctrl-C: the run stops before its next statement. */
  readonly signal: AbortSignal;
  /** Asked with the plan before anything is locked or written; false stops the run. */
  readonly confirm: (plan: RollbackPlan) => Promise<boolean>;
  readonly beforeWriting: BeforeWriting;
  readonly reconnect: Reconnect;
}

export interface RollbackResult {
  readonly plan: RollbackPlan;
  readonly steps: readonly StepResult[];
  /** `alembic_version` afterwards. */
  readonly revision: string;
  /** False when the database was at v0.6.0 and nothing was written. */
  readonly changed: boolean;
  readonly rows: readonly TableRows[];
  readonly warnings: readonly string[];
}

/**
 * Takes a v0.7.0 database, or one that an upgrade or another rollback left half way, back to the schema of
 * v0.6.0. Where the database can, all of it is one transaction; elsewhere a run after an interruption goes on
 * from what it finds, and the revision is set back last, so that `migrate` can go the other way, too.
 *
 * @throws GatewayError: STATE, PREFLIGHT … before anything was written; PARTIAL after, where it could not be
 *   taken back
 */
export async function runRollback(db: Connection, context: RollbackContext): Promise<RollbackResult> {
  const { progress, settings, discardNewData } = context;
  progress.start('Reading the database');
  const readPlan = () => planRollback(db, context);
  const draft = await readBeforeLocking(db, context, readPlan, ({ steps }) => steps.length === 0);
  progress.done();
  if (draft.steps.length === 0) return nothingToDo(draft);
  if (!(await context.confirm(draft))) {
    throw new GatewayError('CANCELLED', 'You answered no.', {
      hint: 'Run it again when you are ready; --dry-run shows everything it would do.',
    });
  }
  await refuseWithoutPrivileges(db, 'the rollback', [...draft.schema.keys()]);
  const command = mcpgw('rollback', ...(discardNewData ? ['--discard-new-data'] : []));
  const what = 'The rollback';
  const result = await inRun(
    db,
    { ...context, what, command },
    async ({ lock, waited, onWrite }): Promise<RollbackResult> => {
      const now = waited ? await readPlan() : draft;
      if (now.steps.length === 0) return nothingToDo(now);
      await context.beforeWriting();
      // What another run did while this one waited for the lock is seen only now.
      const tables = await db.dialect.readSchema(db);
      const changing = { changed: now.changed, assigned: new Map<string, number>() };
      await db.dialect.lockTables(db, tablesToLock(changing, tables.keys()), lock);
      const plan = await planRollback(db, { settings, discardNewData });
      if (plan.steps.length === 0) return nothingToDo(plan);
      const steps = await runSteps(db, plan.steps, { ...context, command, onWrite, kept: new Map() });
      progress.start('Checking the result');
      const schema = await db.dialect.readSchema(db);
      const left = (await recordRollback(db, schema)).steps.flatMap((step) => step.statements);
      if (left.length > 0) {
        throw new GatewayError('INTERNAL', 'The schema is not what the rollback leads to.', {
          details: left.slice(0, 5).map((statement) => statement.sql),
        });
      }
      const { rows, warnings } = await compareRows(db, plan.rowsBefore, schema, {
        what: 'the rollback',
        growing: new Set(),
        goes: (table) => plan.dropped.includes(table),
      });
      progress.done();
      return {
        plan,
        steps,
        revision: REVISION.v060,
        changed: true,
        rows,
        warnings: [...plan.warnings, ...warnings],
      };
    },
  );
  if (!result.changed) return result;
  const written = { revision: REVISION.v060, steps: 0, now: context.now };
  const saved = await refuseUnsaved(db, context.reconnect, what, written);
  return { ...result, warnings: [...result.warnings, ...saved] };
}

/**
 * The plan of a rollback that may be carried out. Writes nothing.
 *
 * @throws GatewayError PREFLIGHT when v0.6.0 cannot hold what is in the database
 */
export async function planRollback(
  db: Connection,
  { settings, discardNewData }: Pick<RollbackContext, 'settings' | 'discardNewData'>,
): Promise<RollbackPlan> {
  const plan = await makeRollbackPlan(db, settings);
  const losses = discardNewData ? [] : plan.losses;
  if (losses.length === 0 && plan.duplicates.length === 0) {
    const { schema: before, after } = plan;
    const written = new Set([VERSION_TABLE]);
    const notes =
      plan.steps.length === 0 ? [] : await refuseSite(db, 'The rollback', { before, after, written });
    return { ...plan, warnings: [...plan.warnings, ...notes.map((note) => `${note}.`)] };
  }
  const hints: Text[] = [];
  if (plan.duplicates.length > 0) {
    hints.push(
      advise`Rename or remove all but one of the rows that share a value, then run: ${mcpgw('rollback')}`,
    );
  }
  if (losses.length > 0) {
    hints.push(
      advise`Tables of v0.7.0 are dropped with all their rows. Look at them first; --discard-new-data says that they may be lost. A backup of them: ${mcpgw('backup')}`,
    );
  }
  throw new GatewayError('PREFLIGHT', 'v0.6.0 has no place for everything that is in this database.', {
    details: [
      ...losses.map(({ table, rows }) => `${table}: ${plural(rows, 'row')} beyond the seeded ones`),
      ...plan.duplicates.flatMap(describeDuplicates),
    ],
    hint: joined(hints, ' — '),
  });
}

function describeDuplicates({ table, column, values, rows, sample }: RollbackPlan['duplicates'][number]) {
  const more = rows - sample.length;
  return [
    `${table}.${column} is unique in v0.6.0, but ${plural(rows, 'row')} share ${plural(values, 'value')}:`,
    ...sample.map(({ id, value }) => `  ${table} ${id}: “${value}”`),
    ...(more > 0 ? [`  … and ${plural(more, 'more row', 'more rows')}`] : []),
  ];
}

function nothingToDo(plan: RollbackPlan): RollbackResult {
  return {
    plan,
    steps: [],
    revision: plan.state.revision,
    changed: false,
    rows: [],
    warnings: plan.warnings,
  };
}
