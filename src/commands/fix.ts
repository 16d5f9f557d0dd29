import type { Check } from '../checks/check.ts';
import { DATA_CHECKS } from '../checks/data-checks.ts';
import { type FixPlan, planInTransaction, refuseRepair, runFix, statementsOf } from '../checks/fix.ts';
import { needsDoctor, needsMigration } from '../checks/next-command.ts';
import { isProblem } from '../checks/run-check.ts';
import { selectChecks } from '../checks/select.ts';
import type { Connection } from '../database/connection.ts';
import { PATIENCE_MS } from '../database/patience.ts';
import { ExitCode, GatewayError } from '../errors.ts';
import { repairLocks } from '../migrate/lock-impact.ts';
import { readRevisions, recogniseState } from '../migrate/state.ts';
import { resolveOverrides } from '../ownership/resolve-overrides.ts';
import { advise, type Command, mcpgw } from '../report/advice.ts';
import type { DraftCheck, StepReport } from '../report/report.ts';
import { announce } from './announce.ts';
import { backupBefore, NO_BACKUP, plannedBackup } from './backup-before.ts';
import { askOrRefuse } from './confirm.ts';
import { endDryRun } from './end-dry-run.ts';
import { backupFlags, flagWords } from './flag-words.ts';
import type { Io } from './io.ts';
import { locksSection } from './locks-section.ts';
import type { BackupOptions, GlobalOptions, WriteOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { plannedStep } from './planned-step.ts';
import { runCommand } from './run-command.ts';
import { runRefusals } from './run-refusals.ts';
import { openSession, type Session } from './session.ts';
import { setAsideWarnings } from './set-aside-warnings.ts';

export interface FixOptions extends GlobalOptions, WriteOptions, BackupOptions {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly team?: string;
  readonly owner?: string;
  readonly visibility?: string;
}

/** Repairs what `verify` finds, or shows with `--dry-run` how it would. */
export function fix(io: Io, options: FixOptions): Promise<ExitCode> {
  return runCommand('fix', io, options, async ({ open }) => {
    const checks = selectChecks(DATA_CHECKS, options.only, options.skip);
    const session = await openSession(io, options, { credentials: 'optional' });
    open(session);
    const dryRun = options.dryRun === true;
    return session.connect({ access: dryRun ? 'read' : 'write', wait: options.wait }, async (db) => {
      const { settings } = session.loaded;
      const input = { settings, verbose: options.verbose, now: new Date() };
      const judge = () => readDatabase(db, session, options, checks);
      if (dryRun) {
        await db.dialect.beginRead(db, PATIENCE_MS);
        const plan = await planInTransaction(db, checks, { ...input, overrides: await judge() });
        const nothing = plan.repairs.length === 0;
        const notes = nothing ? [] : await refuseRepair(db, plan);
        const backup = nothing ? NO_BACKUP : await plannedBackup(session, db, options);
        const run = nothing ? NO_BACKUP : await runRefusals(session, db, null);
        await db.dialect.endRead(db);
        const locks = repairLocks(db.dialect, statementsOf(plan), plan.schema.keys());
        return endDryRun(
          {
            ...dryRunOutcome(plan, options),
            sections: [...locksSection(locks), ...backup.sections],
            warnings: [...setAsideWarnings(plan.setAside), ...notes, ...run.warnings, ...backup.warnings],
          },
          [...run.refusals, ...backup.refusals],
        );
      }
      const backup = backupBefore(session, db, options);
      const result = await runFix(db, checks, {
        ...input,
        beforeWriting: backup.beforeWriting,
        reconnect: (use) => session.connect({ access: 'read', wait: options.wait }, use),
        judge,
        progress: session.progress,
        lockTimeoutMs: options.lockTimeout * 1000,
        signal: io.signal,
        confirm: (plan) => confirm(session, options, plan),
      });
      const steps = result.steps.map(
        ({ check, rows, durationMs }): StepReport => ({
          id: check.id,
          title: check.title,
          status: 'done',
          rows,
          durationMs,
        }),
      );
      const nothing = result.clean && steps.length === 0;
      return {
        exitCode: result.clean ? ExitCode.ok : ExitCode.findings,
        steps: [...backup.steps(), ...steps],
        // Where nothing was wrong, that is what there is to tell.
        checks: nothing ? result.checks : result.checks.filter(isWorthShowing),
        sections: backup.sections(),
        warnings: [...backup.warnings(), ...result.warnings],
        next: nothing ? undefined : nextAfter(result.checks, result.clean),
      };
    });
  });
}

/** A database that is not at v0.7.0 is migrated, not repaired, but for what keeps it from being migrated. */
async function readDatabase(db: Connection, session: Session, options: FixOptions, checks: readonly Check[]) {
  const schema = await db.dialect.readSchema(db);
  const state = recogniseState(schema, await readRevisions(db, schema));
  session.found(state);
  if (state.release !== '0.7.0' && !checks.every(({ anyRelease }) => anyRelease)) {
    throw new GatewayError(
      'STATE',
      `The database is ${state.description}; fix repairs databases at v0.7.0.`,
      { hint: advise`Run: ${mcpgw('migrate')}` },
    );
  }
  return resolveOverrides(db, schema, options);
}

async function confirm(session: Session, options: FixOptions, plan: FixPlan): Promise<boolean> {
  const warnings = setAsideWarnings(plan.setAside).map((text) => `Warning: ${text}`);
  const repairs = plan.repairs.flatMap(({ check, repair }) => [
    `${check.id}: ${check.title}`,
    ...repair.summary.map((line) => `- ${line}`),
  ]);
  announce(session, options, [...warnings, ...repairs]);
  return askOrRefuse(session.io, options.yes, 'Repair this now?');
}

function dryRunOutcome(plan: FixPlan, options: FixOptions): Outcome {
  const { only, skip, team, owner, visibility } = options;
  const steps = plan.repairs.map(({ check, repair }) =>
    plannedStep(check.id, `${check.title}: ${repair.summary.join('; ')}`, repair.statements),
  );
  const checks = plan.outcomes.map(({ report }) => report).filter((report) => report.status !== 'passed');
  if (steps.length === 0) {
    const clean = !checks.some(isProblem);
    return { exitCode: clean ? ExitCode.ok : ExitCode.findings, checks, next: nextAfter(checks, clean) };
  }
  return {
    exitCode: ExitCode.ok,
    steps,
    checks,
    next: mcpgw(
      'fix',
      ...flagWords({
        '--only': only,
        '--skip': skip,
        '--team': team,
        '--owner': owner,
        '--visibility': visibility,
        ...backupFlags(options),
      }),
    ),
  };
}

/** What was found or could not be checked; the rest passed and is `verify`'s to tell. */
function isWorthShowing(report: DraftCheck): boolean {
  return report.status !== 'passed' || (report.repaired ?? 0) > 0;
}

/** Some of what a repair leaves only a migration can repair, and damage is the doctor's. */
function nextAfter(checks: readonly DraftCheck[], clean: boolean): Command {
  if (checks.some(needsDoctor)) return mcpgw('doctor');
  return mcpgw(!clean && checks.some(needsMigration) ? 'migrate' : 'verify');
}
