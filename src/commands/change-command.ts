import { hasRows } from '../backup/has-rows.ts';
import { preflightBackup } from '../backup/preflight-backup.ts';
import { type Backup, takeBackup } from '../backup/take-backup.ts';
import { type Change, isEmpty, type Planned, type Ran } from '../change/change.ts';
import { lockImpact } from '../change/locks.ts';
import { refuseWithoutPrivileges, runChange } from '../change/run-change.ts';
import type { Connection } from '../database/connection.ts';
import { PATIENCE_MS } from '../database/patience.ts';
import { rowCounts } from '../database/row-counts.ts';
import { ExitCode, GatewayError } from '../errors.ts';
import { advise, type Text } from '../report/advice.ts';
import { inMegabytes } from '../report/in-megabytes.ts';
import { reasonOf } from '../report/refusal.ts';
import { section } from '../report/section.ts';
import type { Schema } from '../schema/model.ts';
import { VERSION } from '../version.ts';
import { backupSection, backupStep } from './backup-report.ts';
import { backupRequest } from './backup-request.ts';
import { askOnTerminal, askOrRefuse } from './confirm.ts';
import { endDryRun, locksSection, shownStep } from './dry-run.ts';
import { backupFlags, type Flags, flagWords } from './flag-words.ts';
import { logWrapped } from './log-wrapped.ts';
import type { BackupOptions, GlobalOptions, WriteOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import type { Session } from './session.ts';

export type ChangeOptions = GlobalOptions & WriteOptions & BackupOptions;

/** A change to a database, and what its command tells of it. */
export interface ChangeCommand<Plan extends Planned, Seen> {
  readonly change: Change<Plan, Seen>;
  /** Options of its own that decide what it does. */
  readonly flags: Flags;
  /** SQLite: it makes the file when that is missing. */
  readonly create?: boolean;
  readonly question: string;
  /** Where nobody can be asked it goes ahead without `--yes`. */
  readonly unasked?: boolean;
  /**
   * What is looked at besides before it is confirmed, once the plan was read.
   *
   * @param tableWaitMs how long a table that somebody has locked is waited for
   */
  preflight?(db: Connection, plan: Plan, tableWaitMs?: number): Promise<Preflight>;
  /** What it will do, in a few lines, for the person who is asked. */
  describe(plan: Plan): readonly Text[];
  /** What a dry run tells besides its steps, the locks and the backup. */
  planned(plan: Plan, db: Connection): Partial<Outcome>;
  /** What a run tells besides its steps and the backup. */
  done(ran: Ran<Plan, Seen>, db: Connection): Outcome | Promise<Outcome>;
  /** What the database is afterwards, where it is something else than before. */
  readonly leadsTo?: NonNullable<Planned['state']>;
}

export interface Preflight {
  readonly warnings: readonly Text[];
  /** Why a run would refuse. */
  readonly refusal: GatewayError | null;
}

const NOTHING: Preflight = { warnings: [], refusal: null };

/** What a dry run found so far, and why the run would be refused before its first write. */
interface Shown {
  readonly outcome: Partial<Outcome>;
  readonly refusals: readonly GatewayError[];
}

/** Makes a change, or shows with `--dry-run` how it would be made. */
export function makeChange<Plan extends Planned, Seen>(
  session: Session,
  options: ChangeOptions,
  command: ChangeCommand<Plan, Seen>,
): Promise<Outcome> {
  return options.dryRun === true ? dryRun(session, options, command) : run(session, options, command);
}

function dryRun<Plan extends Planned, Seen>(
  session: Session,
  options: ChangeOptions,
  command: ChangeCommand<Plan, Seen>,
): Promise<Outcome> {
  return session.connect({ access: 'read', wait: options.wait }, async (db) => {
    const { plan, outcome, refusals } = await shown(session, options, db, command);
    if (isEmpty(plan)) return outcome;
    const { warnings, refusal } = (await command.preflight?.(db, plan, PATIENCE_MS)) ?? NOTHING;
    const told = { ...outcome, warnings: [...(outcome.warnings ?? []), ...warnings] };
    return endDryRun(told, refusal === null ? refusals : [...refusals, refusal]);
  });
}

/** Reads in one transaction what a run would do, and what it would lock and back up for that. */
async function shown<Plan extends Planned, Seen>(
  session: Session,
  options: ChangeOptions,
  db: Connection,
  command: ChangeCommand<Plan, Seen>,
): Promise<Shown & { readonly plan: Plan; readonly outcome: Outcome }> {
  const { change, flags } = command;
  await db.dialect.beginRead(db, PATIENCE_MS);
  try {
    const plan = await change.plan(db, { purpose: 'show' });
    if (plan.state !== undefined) session.found(plan.state);
    const own = command.planned(plan, db);
    const outcome = { exitCode: ExitCode.ok, steps: plan.steps.map((step) => shownStep(db, step)), ...own };
    if (isEmpty(plan)) return { plan, outcome, refusals: [] };
    const backup = await plannedBackup(session, db, options, plan.schema);
    const asRun = await runRefusals(session, db, change, plan);
    const locks = locksSection(lockImpact(db.dialect, plan, change));
    const next = change.command.with({
      words: [...change.command.words, ...flagWords({ ...flags, ...backupFlags(options) })],
    });
    return {
      plan,
      outcome: {
        ...outcome,
        sections: [...(own.sections ?? []), ...locks, ...(backup.outcome.sections ?? [])],
        warnings: [
          ...(own.warnings ?? []),
          ...(asRun.outcome.warnings ?? []),
          ...(backup.outcome.warnings ?? []),
        ],
        next,
      },
      refusals: [...asRun.refusals, ...backup.refusals],
    };
  } finally {
    await db.dialect.endRead(db).catch(() => {
      // The connection is gone; the error that says so is on its way.
    });
  }
}

/** Where the backup would go and how large it would be, or why none could be taken. */
async function plannedBackup(
  session: Session,
  db: Connection,
  options: ChangeOptions,
  schema: Schema,
): Promise<Shown> {
  if (options.backup === false || !(await holdsRows(db, schema))) return { outcome: {}, refusals: [] };
  try {
    const request = { ...backupRequest(session, db, options), canGoWithout: true };
    const { bytes, place, warnings } = await preflightBackup(request);
    const rows = [
      ['folder', place],
      ['size', `up to ${inMegabytes(bytes)}`],
    ];
    const sections = section('backup', 'Backup before the first write', ['what', 'value'], rows);
    return { outcome: { sections, warnings }, refusals: [] };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { outcome: {}, refusals: [error] };
  }
}

async function holdsRows(db: Connection, schema: Schema): Promise<boolean> {
  return hasRows(await rowCounts(db, [...schema.keys()]));
}

/** A dry run is made on purpose by a user who may only read: that the run is for another is no failure of the plan. */
const OF_THIS_USER: ReadonlySet<string> = new Set(['PERMISSION', 'READ_ONLY']);

/** Why a run would be refused before its first write, as far as that shows without writing. */
async function runRefusals(
  { loaded: { target } }: Session,
  db: Connection,
  change: Pick<Change<never>, 'what' | 'needsOwner'>,
  plan: Planned,
): Promise<Shown> {
  const ways: (() => Promise<void>)[] = [];
  if (change.needsOwner) ways.push(() => refuseWithoutPrivileges(db, change, plan));
  if (target.dialect === 'sqlite') {
    const { refuseUnready } = await import('../doctor/sqlite/refuse-unready.ts');
    ways.push(() => refuseUnready(db, target));
  }
  const refusals: GatewayError[] = [];
  const warnings: Text[] = [];
  for (const way of ways) {
    try {
      await way();
    } catch (error) {
      const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
      if (known === null) throw error;
      if (OF_THIS_USER.has(known.code))
        warnings.push(advise`A run as this user would refuse: ${reasonOf(known)}`);
      else refusals.push(known);
    }
  }
  return { outcome: { warnings }, refusals };
}

function run<Plan extends Planned, Seen>(
  session: Session,
  options: ChangeOptions,
  command: ChangeCommand<Plan, Seen>,
): Promise<Outcome> {
  const { io, progress } = session;
  const { wait, lockTimeout } = options;
  const { change, create = false } = command;
  return session.connect({ access: 'write', create, wait }, async (db) => {
    let taken: Backup | null = null;
    let noted: readonly Text[] = [];
    const ran = await runChange(db, change, {
      progress,
      toolVersion: VERSION,
      lockTimeoutMs: lockTimeout * 1000,
      signal: io.signal,
      // What became of a run is asked for with its lock.
      reconnect: (use) =>
        session.connect({ access: change.fate === undefined ? 'read' : 'write', wait }, use),
      async confirm(plan) {
        if (plan.state !== undefined) session.found(plan.state);
        const { warnings, refusal: refused } = (await command.preflight?.(db, plan)) ?? NOTHING;
        if (refused !== null) throw refused;
        noted = warnings;
        return confirm(session, options, command, plan, warnings);
      },
      async beforeWriting() {
        // Where there is nothing to lose, nothing is kept.
        if (options.backup === false || !(await holdsRows(db, await db.dialect.readSchema(db)))) return;
        taken = await takeBackup({ ...backupRequest(session, db, options), canGoWithout: true });
      },
    });
    const state = ran.changed ? command.leadsTo : ran.plan.state;
    if (state !== undefined) session.found(state);
    const own = await command.done(ran, db);
    const backup = taken as Backup | null;
    return {
      ...own,
      steps: [
        ...(backup === null ? [] : [backupStep(backup)]),
        ...ran.steps.map((step) => ({ ...step, rows: step.rows > 0 ? step.rows : null })),
      ],
      sections: [...(own.sections ?? []), ...(backup === null ? [] : [backupSection(backup)])],
      warnings: [...(own.warnings ?? []), ...noted, ...(backup?.warnings ?? [])],
    };
  });
}

/** Tells on standard error which database it is about and what will happen, and has a person decide. */
async function confirm<Plan extends Planned, Seen>(
  session: Session,
  options: ChangeOptions,
  { describe, question, unasked = false }: ChangeCommand<Plan, Seen>,
  plan: Plan,
  warnings: readonly Text[],
): Promise<boolean> {
  const { io, loaded } = session;
  // An empty database has nothing to back up.
  const hasBackup = options.backup !== false && plan.schema.size > 0;
  logWrapped(session, [
    loaded.target.maskedUrl,
    ...warnings.map((text) => advise`Warning: ${text}`),
    ...describe(plan),
    hasBackup ? 'A backup is taken first.' : 'No backup is taken.',
  ]);
  if (!unasked) return askOrRefuse(io, options.yes, question);
  return options.yes === true || !io.interactive || askOnTerminal(question);
}
