import type { UntouchedCopy } from '../backup/back-up-untouched.ts';
import { envFileInUse } from '../backup/env-file-in-use.ts';
import { releaseLabel } from '../backup/release-label.ts';
import {
  planRestore,
  type RestoreContext,
  type RestorePlan,
  restoreBackup,
  showRestore,
} from '../backup/restore-backup.ts';
import { restoreLocks } from '../change/locks.ts';
import { PATIENCE_MS } from '../database/patience.ts';
import { statement } from '../database/statement.ts';
import { ExitCode } from '../errors.ts';
import { whatIsUnfinished } from '../migrate/unfinished-restore.ts';
import { mcpgw } from '../report/advice.ts';
import { inMegabytes } from '../report/in-megabytes.ts';
import { plural } from '../report/plural.ts';
import type { StepReport } from '../report/report.ts';
import { section } from '../report/section.ts';
import { VERSION } from '../version.ts';
import { backupSection } from './backup-report.ts';
import { confirmName } from './confirm.ts';
import { endDryRun, locksSection, plannedStep } from './dry-run.ts';
import { backupFlags, flagWords } from './flag-words.ts';
import type { Io } from './io.ts';
import { logWrapped } from './log-wrapped.ts';
import type { GlobalOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { runCommand } from './run-command.ts';
import { openSession, type Session } from './session.ts';

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

type Options = RestoreOptions & { readonly from: string };

/** Replaces the database by a backup, after keeping its present state as another. */
export function restore(io: Io, options: Options): Promise<ExitCode> {
  return runCommand('restore', io, options, async ({ open }) => {
    const session = await openSession(io, options, { credentials: 'optional' });
    open(session);
    const context = contextOf(session, options);
    if (options.dryRun === true) return planned(session, await planRestore(context), options);
    const { plan, safety, untouched, warnings, durationMs } = await restoreBackup(context);
    const { manifest } = plan.backup;
    session.found(manifest);
    const done = (id: string, title: string, rows: Iterable<number>, ms: number): StepReport => {
      return { id, title, status: 'done', rows: sum(rows), durationMs: ms };
    };
    const replaced = durationMs - (safety?.durationMs ?? 0);
    const kept = { title: 'The state before, kept as a backup', back: 'here' } as const;
    return {
      exitCode: ExitCode.ok,
      steps: [
        ...(safety === null ? [] : [done('backup', KEEP, safety.rows.values(), safety.durationMs)]),
        done('restore', titleOf(plan), Object.values(manifest.rows), replaced),
      ],
      sections: [
        ...tables(plan, 'rows before', 'rows now'),
        ...(safety === null ? [] : [backupSection(safety, kept)]),
        ...(untouched === null ? [] : untouchedSection(untouched)),
      ],
      warnings: [...(safety?.warnings ?? []), ...warnings],
      next: mcpgw('status'),
    };
  });
}

function contextOf(session: Session, options: Options): RestoreContext {
  const { io, loaded, progress, warn, onStatement } = session;
  return {
    onStatement,
    name: options.from,
    target: loaded.target,
    env: io.env,
    cwd: io.cwd,
    directory: options.backupDir ?? null,
    envFile: envFileInUse(io.cwd, options.envFile),
    backup: options.backup !== false,
    canGoWithout: true,
    progress,
    warn,
    signal: io.signal,
    now: new Date(),
    toolVersion: VERSION,
    lockTimeoutMs: options.lockTimeout * 1000,
    tableWaitMs: options.dryRun === true ? PATIENCE_MS : undefined,
    connect: (use) => session.connect({ access: 'read', wait: options.wait }, use),
    confirm(plan) {
      logWrapped(session, [...describe(plan), ...session.warnings]);
      return confirmName(io, plan.database, options.confirm, plan.from);
    },
  };
}

const KEEP = 'Back up the present state';
const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
const titleOf = ({ backup: { manifest } }: RestorePlan) =>
  `Restore the backup of ${manifest.source.database} from ${manifest.createdAt} (v${releaseLabel(manifest)})`;

/** What will be replaced, in a few lines, for the person who is asked. */
function describe(plan: RestorePlan): string[] {
  const count = (what: string) => plan.tables.filter((table) => table.what === what);
  const lines = [`${titleOf(plan)}.`, replaces(plan)];
  const dropped = count('dropped');
  const kept = count('kept');
  lines.push(...said(plan));
  if (dropped.length > 0) lines.push(`Drops ${dropped.map(({ table }) => table).join(', ')}.`);
  if (kept.length > 0) lines.push(`Leaves alone ${kept.map(({ table }) => table).join(', ')}.`);
  if (!plan.isTransaction) {
    lines.push(
      'This is not one transaction here: until it is done, tables are missing or half full. Stop the gateway first; a restore that is cut off must be run again, and until then every command refuses the database.',
    );
  }
  if (plan.unfinished !== null) lines.push(whatIsUnfinished(plan.unfinished));
  lines.push(
    plan.safety === null
      ? 'The present state is not kept.'
      : `The present state is kept ${plan.damage === '' ? 'as a backup' : 'byte for byte'} in ${plan.safety.place} first.`,
  );
  return lines;
}

/** What somebody should know who looks only at this. */
function said({ damage, from, database }: RestorePlan): string[] {
  return [
    ...(damage === '' ? [] : [damage]),
    ...(from === null ? [] : [`This backup is not of the database ${database}, but of ${from}.`]),
  ];
}

function replaces({ database, release, tables, damage, locks }: RestorePlan): string {
  const inBackup = plural(sum(tables.map(({ backup }) => backup ?? 0)), 'row');
  if (damage !== '') {
    return `Replaces the database ${database}, whose present state cannot be read, by ${inBackup} in the backup.`;
  }
  if (locks === null) return `Makes the database ${database}, which is not there: ${inBackup} in the backup.`;
  const now = plural(sum(tables.map(({ now: rows }) => rows ?? 0)), 'row');
  const at = release === 'unknown' ? '' : ` (${release})`;
  return `Replaces the database ${database}${at}: ${now} now, ${inBackup} in the backup.`;
}

function untouchedSection({ file, bytes }: UntouchedCopy) {
  const rows = [
    ['file', file],
    ['size', inMegabytes(bytes)],
  ];
  return section('untouched', 'The damaged state before, kept byte for byte', ['what', 'value'], rows);
}

async function planned(session: Session, plan: RestorePlan, options: Options): Promise<Outcome> {
  session.found({ release: plan.release, revision: session.database()?.revision ?? '' });
  const { safety, request, locks } = plan;
  const { statements, refusal } = await showRestore(plan);
  const keep =
    safety === null
      ? []
      : [plannedStep('backup', `${KEEP} in ${safety.place} (up to ${inMegabytes(safety.bytes)})`, [])];
  const sent = statements.map((sql) => statement(sql));
  return endDryRun(
    {
      exitCode: ExitCode.ok,
      steps: [...keep, plannedStep('restore', titleOf(plan), sent)],
      sections: [
        ...tables(plan, 'rows now', 'rows in the backup'),
        ...locksSection(locks === null ? [] : restoreLocks(locks, request.replaced)),
      ],
      warnings: said(plan),
      next: mcpgw('restore', options.from, ...flagWords(backupFlags(options))),
    },
    refusal === null ? [] : [refusal],
  );
}

function tables(plan: RestorePlan, before: string, after: string) {
  const rows = plan.tables.map(({ table, now, backup, what }) => {
    const then = what === 'kept' ? now : backup;
    return [table, now ?? '-', then ?? '-', what];
  });
  return section('tables', 'Tables', ['table', before, after, 'what'], rows);
}
