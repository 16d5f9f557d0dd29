import type { Connection } from '../database/connection.ts';
import type { RunLock } from '../database/dialect.ts';
import { notSaved } from '../database/not-saved.ts';
import { GatewayError } from '../errors.ts';
import {
  type Change,
  isEmpty,
  type Planned,
  type PlannedStep,
  type Ran,
  type Surroundings,
  statementsOf,
} from './change.ts';
import {
  commitLost,
  commitUnknown,
  inSentence,
  isOneTransaction,
  isUnanswered,
  stoppedPartWay,
  takenBack,
} from './failures.ts';
import { keepColumns } from './keep-columns.ts';
import { tablesToLock } from './locks.ts';
import { readBeforeLocking } from './read-before-locking.ts';
import { runSteps } from './run-steps.ts';
import { throughAnother } from './through-another.ts';

/** The server may need a moment to see that a connection is gone. */
const MIN_LOOK_MS = 5_000;

/**
 * What every change to a database does: it is planned and confirmed, a backup is taken, the database is locked and
 * read again, and the plan is run, checked, and committed where the database can do all of it in one transaction.
 * Elsewhere every step is found done or not done by looking, so that a run after an interruption goes on. What was
 * committed is looked at once more, through another connection.
 *
 * @throws GatewayError: STATE, PREFLIGHT … before anything was written; PARTIAL after, where it could not be
 *   taken back, and where the connection was lost before the commit was answered
 */
export async function runChange<Plan extends Planned, Seen>(
  db: Connection,
  change: Change<Plan, Seen>,
  around: Surroundings<Plan>,
): Promise<Ran<Plan, Seen>> {
  const { progress, reconnect } = around;
  const known = (await change.known?.(db)) ?? null;
  if (known !== null) return nothingToDo(known);
  progress.start(change.reading);
  const outline = () => change.plan(db, { purpose: 'outline' });
  const draft = await readBeforeLocking(db, around, outline, isEmpty);
  progress.done();
  if (isEmpty(draft)) return nothingToDo(draft);
  if (!(await around.confirm(draft))) {
    throw new GatewayError('CANCELLED', 'You answered no.', {
      hint: 'Run it again when you are ready; --dry-run shows everything it would do.',
    });
  }
  change.begin?.(draft);
  if (change.needsOwner) await refuseWithoutPrivileges(db, change, draft);
  const ran = await runLocked(db, change, around, draft);
  if (!ran.changed) return ran;
  progress.start('Looking again');
  const { seen, warnings } = await throughAnother(db, reconnect, (other) => change.look(other, ran.plan));
  progress.done();
  if (seen === false) throw notSaved(change.what);
  return { ...ran, seen, warnings: [...ran.warnings, ...warnings] };
}

/**
 * Refuses a run that would fail half way for want of privileges.
 *
 * @throws GatewayError PERMISSION
 */
export async function refuseWithoutPrivileges(
  db: Connection,
  { what }: Pick<Change<never>, 'what'>,
  { schema }: Pick<Planned, 'schema'>,
): Promise<void> {
  const missing = await db.dialect.missingPrivileges(db, [...schema.keys()]);
  if (missing.length === 0) return;
  throw new GatewayError('PERMISSION', `This user may not do everything that ${inSentence(what)} does.`, {
    details: missing,
    hint: 'Grant what is missing, or use the user that owns the gateway’s tables. Nothing was changed.',
  });
}

function nothingToDo<Plan extends Planned>(plan: Plan): Ran<Plan, never> {
  const steps = plan.steps.map(
    ({ id, title }) => ({ id, title, status: 'already', rows: 0, durationMs: 0 }) as const,
  );
  return { plan, steps, changed: false, rows: [], warnings: plan.warnings, seen: null };
}

/** The part of a run that holds its locks, and the one transaction of it where the database has that. */
async function runLocked<Plan extends Planned, Seen>(
  db: Connection,
  change: Change<Plan, Seen>,
  around: Surroundings<Plan>,
  draft: Plan,
): Promise<Ran<Plan, Seen>> {
  const { dialect } = db;
  let waited = false;
  let writes = 0;
  const lock: RunLock = {
    timeoutMs: around.lockTimeoutMs,
    onWait(holder) {
      waited = true;
      around.progress.log(`Waiting for ${holder} …`);
    },
    signal: around.signal,
    rowsOnly: change.rowsOnly,
  };
  const onWrite = () => {
    writes++;
  };
  await dialect.beginRun(db, lock);
  let ran: Ran<Plan, Seen>;
  try {
    // Most likely another run did the same, and it is done: then the gateway’s tables are left alone.
    const now = waited ? await change.plan(db, { purpose: 'outline' }) : draft;
    ran = isEmpty(now) ? nothingToDo(now) : await runPlan(db, change, around, { now, lock, onWrite });
  } catch (error) {
    await takeBack(db);
    if (writes === 0) throw error;
    throw isOneTransaction(db, change)
      ? takenBack(db, error, change)
      : stoppedPartWay(db, error, writes - 1, change);
  }
  try {
    await dialect.endRun(db, true);
    return ran;
  } catch (error) {
    // Where every statement is its own transaction, only the lock was left, and it goes with the connection.
    if (!isOneTransaction(db, change)) return ran;
    await takeBack(db);
    if (writes === 0) throw error;
    if (!isUnanswered(db, error)) throw takenBack(db, error, change);
    const warning = await lookAfterwards(change, around, draft, error);
    return { ...ran, warnings: [...ran.warnings, warning] };
  }
}

interface Locked<Plan> {
  readonly now: Plan;
  readonly lock: RunLock;
  /** To be called before every statement that writes. */
  readonly onWrite: () => void;
}

async function runPlan<Plan extends Planned, Seen>(
  db: Connection,
  change: Change<Plan, Seen>,
  around: Surroundings<Plan>,
  { now, lock, onWrite }: Locked<Plan>,
): Promise<Ran<Plan, Seen>> {
  const { dialect } = db;
  const { rowsOnly = false } = change;
  // It reads through a connection of its own, which the table locks would keep out.
  await around.beforeWriting();
  const context = { ...around, command: change.command, now: change.now, rowsOnly, onWrite };
  const isEarly = (step: PlannedStep) => step.early === true;
  const before = rowsOnly
    ? await runSteps(db, now.steps.filter(isEarly), { ...context, kept: new Map() })
    : [];
  // What another run did while this one waited for the lock is seen only now.
  const there = await dialect.readSchema(db);
  await dialect.lockTables(db, tablesToLock(now, there.keys()), lock);
  // Where tables were waited for, whoever had them may have changed them.
  const schema = dialect.locks.others === null ? there : undefined;
  const plan = await change.plan(db, { purpose: 'run', schema });
  if (isEmpty(plan)) return nothingToDo(plan);
  const kept = rowsOnly ? new Map() : await keepColumns(db, plan.schema, statementsOf(plan));
  const early = await runSteps(db, plan.steps.filter(isEarly), { ...context, kept });
  const rest = early.length === 0 ? plan : await change.plan(db, { purpose: 'run' });
  const later = rest.steps.filter((step) => !isEarly(step));
  const others = await runSteps(db, later, { ...context, kept });
  around.progress.start('Checking the result');
  const { rows, warnings } = await change.check(db, plan);
  around.progress.done();
  return {
    plan,
    steps: [...before, ...early, ...others],
    changed: true,
    rows,
    warnings: [...plan.warnings, ...warnings],
    seen: null,
  };
}

async function takeBack(db: Connection): Promise<void> {
  await db.dialect.endRun(db, false).catch(() => {
    // The connection is gone, and with it the transaction and its locks.
  });
}

/**
 * Looks through a new connection what became of a run whose commit was not answered. It asks for the lock of the run
 * first: only when the server has ended that transaction is there anything to see.
 *
 * @returns a warning, when it was committed
 * @throws GatewayError UNREACHABLE when everything was taken back; PARTIAL when that cannot be told
 */
async function lookAfterwards<Plan extends Planned, Seen>(
  change: Change<Plan, Seen>,
  { progress, reconnect, lockTimeoutMs, signal }: Surroundings<Plan>,
  draft: Plan,
  error: unknown,
): Promise<string> {
  const unknown = commitUnknown(change, error);
  if (change.fate === undefined) throw unknown;
  progress.log('The connection was lost during the commit. Looking what became of it …');
  const lock = { timeoutMs: Math.max(lockTimeoutMs, MIN_LOOK_MS), onWait: () => {}, signal };
  const fate = await reconnect(async (db) => {
    await db.dialect.beginRun(db, lock);
    await db.dialect.endRun(db, false);
    return change.fate?.(db, draft);
  }).catch(() => 'unknown');
  if (fate === 'as before') throw commitLost(change, unknown);
  if (fate !== 'done') throw unknown;
  return `The connection was lost during the commit; a look through a new one shows that ${inSentence(change.what)} is done.`;
}
