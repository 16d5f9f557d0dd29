import type { UntouchedCopy } from '../backup/back-up-untouched.ts';
import { envFileInUse } from '../backup/env-file-in-use.ts';
import {
  type PlannedRestore,
  planRestore,
  type RestoreContext,
  type RestorePlan,
  replacedTables,
  restoreBackup,
} from '../backup/restore-backup.ts';
import { statement } from '../database/statement.ts';
import { ExitCode } from '../errors.ts';
import { restoreLocks } from '../migrate/lock-impact.ts';
import { inMegabytes } from '../report/in-megabytes.ts';
import type { Section, StepReport } from '../report/report.ts';
import { shellWord } from '../report/shell-word.ts';
import { VERSION } from '../version.ts';
import { backupSection } from './backup-report.ts';
import { confirmName } from './confirm-name.ts';
import type { Io } from './io.ts';
import { locksSection } from './locks-section.ts';
import type { GlobalOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { plannedStep } from './planned-step.ts';
import { runCommand } from './run-command.ts';
import { openSession, type Session } from './session.ts';
import { backupFlags, withoutDryRun } from './without-dry-run.ts';

export interface RestoreOptions extends GlobalOptions {
  readonly dryRun?: boolean;
  readonly confirm?: string;
  /** `--no-backup` makes it false. */
  readonly backup?: boolean;
  readonly backupDir?: string;
  /** Seconds. */
  readonly lockTimeout: number;
  /** Seconds. */
  readonly wait?: number;
}

/** Replaces the database by a backup, after keeping its present state as another. */
export function restore(io: Io, options: RestoreOptions & { readonly from: string }): Promise<ExitCode> {
  return runCommand('restore', io, options, async ({ open }) => {
    const session = openSession(io, options, { credentials: 'optional' });
    open(session);
    const context = contextOf(session, options);
    if (options.dryRun === true) return planned(session, await planRestore(context), options);
    const { plan, safety, untouched, durationMs } = await restoreBackup(context);
    const { manifest } = plan.backup;
    session.found(manifest);
    const steps: StepReport[] = [
      ...(safety === null
        ? []
        : [step('backup', KEEP, 'done', sum(safety.rows.values()), safety.durationMs)]),
      step(
        'restore',
        titleOf(plan),
        'done',
        sum(Object.values(manifest.rows)),
        durationMs - (safety?.durationMs ?? 0),
      ),
    ];
    return {
      exitCode: ExitCode.ok,
      steps,
      sections: [
        tables(plan, 'rows before', 'rows now'),
        ...(safety === null ? [] : [backupSection(safety, 'The state before, kept as a backup')]),
        ...(untouched === null ? [] : [untouchedSection(untouched)]),
      ],
      next: 'mcpgw status',
    };
  });
}

function contextOf(session: Session, options: RestoreOptions & { readonly from: string }): RestoreContext {
  const { io, loaded, progress } = session;
  return {
    name: options.from,
    target: loaded.target,
    env: io.env,
    cwd: io.cwd,
    directory: options.backupDir ?? null,
    envFile: envFileInUse(io.cwd, options.envFile),
    backup: options.backup !== false,
    progress,
    signal: io.signal,
    now: new Date(),
    toolVersion: VERSION,
    lockTimeoutMs: options.lockTimeout * 1000,
    connect: (use) => session.connect({ access: 'read', wait: options.wait }, use),
    confirm(plan) {
      for (const line of describe(plan)) progress.log(line);
      return confirmName(io, plan.database, options.confirm);
    },
  };
}

const KEEP = 'Back up the present state';
const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
const titleOf = ({ backup: { manifest } }: RestorePlan) =>
  `Restore the backup of ${manifest.source.database} from ${manifest.createdAt} (v${manifest.release})`;

function step(
  id: string,
  title: string,
  status: StepReport['status'],
  rows: number | null,
  durationMs: number,
): StepReport {
  return { id, title, status, rows, durationMs };
}

/** What will be replaced, in a few lines, for the person who is asked. */
function describe(plan: RestorePlan): string[] {
  const count = (what: string) => plan.tables.filter((table) => table.what === what);
  const lines = [
    `${titleOf(plan)}.`,
    `Replaces the database ${plan.database}${plan.release === 'unknown' ? '' : ` (${plan.release})`}: ${sum(plan.tables.map(({ now }) => now ?? 0))} rows now, ${sum(plan.tables.map(({ backup }) => backup ?? 0))} in the backup.`,
  ];
  const dropped = count('dropped');
  const kept = count('kept');
  if (plan.damage !== '') lines.push(plan.damage);
  if (dropped.length > 0) lines.push(`Drops ${dropped.map(({ table }) => table).join(', ')}.`);
  if (kept.length > 0) lines.push(`Leaves alone ${kept.map(({ table }) => table).join(', ')}.`);
  lines.push(
    plan.safety === null
      ? 'The present state is not kept.'
      : `The present state is kept ${plan.damage === '' ? 'as a backup' : 'byte for byte'} in ${plan.safety.place} first.`,
  );
  return lines;
}

function untouchedSection({ file, bytes }: UntouchedCopy): Section {
  return {
    id: 'untouched',
    title: 'The damaged state before, kept byte for byte',
    columns: ['what', 'value'],
    rows: [
      ['file', file],
      ['size', inMegabytes(bytes)],
    ],
  };
}

function planned(
  session: Session,
  plan: PlannedRestore,
  options: RestoreOptions & { readonly from: string },
): Outcome {
  session.found({ release: plan.release, revision: session.database()?.revision ?? '' });
  const { safety } = plan;
  const keep =
    safety === null
      ? []
      : [plannedStep('backup', `${KEEP} in ${safety.place} (up to ${inMegabytes(safety.bytes)})`, [])];
  return {
    exitCode: ExitCode.ok,
    steps: [
      ...keep,
      plannedStep(
        'restore',
        titleOf(plan),
        plan.statements.map((sql) => statement(sql)),
      ),
    ],
    sections: [
      tables(plan, 'rows now', 'rows in the backup'),
      ...locksSection(plan.locks === null ? [] : restoreLocks(plan.locks, replacedTables(plan))),
    ],
    warnings: plan.damage === '' ? [] : [plan.damage],
    next: withoutDryRun(`mcpgw restore ${shellWord(options.from)}`, backupFlags(options)),
  };
}

function tables(plan: RestorePlan, before: string, after: string): Section {
  return {
    id: 'tables',
    title: 'Tables',
    columns: ['table', before, after, 'what'],
    rows: plan.tables.map(({ table, now, backup, what }) => [
      table,
      now ?? '-',
      what === 'kept' ? (now ?? '-') : (backup ?? '-'),
      what,
    ]),
  };
}
