import { PATIENCE_MS } from '../database/patience.ts';
import type { ExitCode } from '../errors.ts';
import { planRollback, runRollback } from '../migrate/rollback.ts';
import { mcpgw } from '../report/advice.ts';
import { VERSION } from '../version.ts';
import { announce } from './announce.ts';
import { backupBefore, plannedBackup } from './backup-before.ts';
import { askOrRefuse } from './confirm.ts';
import { endDryRun } from './end-dry-run.ts';
import { backupFlags, flagWords } from './flag-words.ts';
import type { Io } from './io.ts';
import type { BackupOptions, GlobalOptions, WriteOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { describeRollback, rollbackOutcome, rollbackPlanOutcome } from './rollback-report.ts';
import { runCommand } from './run-command.ts';
import { runRefusals } from './run-refusals.ts';
import { openSession, type Session } from './session.ts';

export interface RollbackOptions extends GlobalOptions, WriteOptions, BackupOptions {
  readonly discardNewData?: boolean;
}

/** Takes the database back to the v0.6.0 schema, or shows with `--dry-run` how it would. */
export function rollback(io: Io, options: RollbackOptions): Promise<ExitCode> {
  return runCommand('rollback', io, options, async ({ open }) => {
    const session = await openSession(io, options, { credentials: 'optional' });
    open(session);
    const request = {
      settings: session.loaded.settings,
      discardNewData: options.discardNewData === true,
    };
    return options.dryRun === true ? dryRun(session, options, request) : run(session, options, request);
  });
}

type Request = Parameters<typeof planRollback>[1];

function dryRun(session: Session, options: RollbackOptions, request: Request): Promise<Outcome> {
  return session.connect({ access: 'read', wait: options.wait }, async (db) => {
    await db.dialect.beginRead(db, PATIENCE_MS);
    try {
      const plan = await planRollback(db, request);
      session.found(plan.state);
      const outcome = rollbackPlanOutcome(
        db.dialect,
        plan,
        mcpgw(
          'rollback',
          ...flagWords({ '--discard-new-data': options.discardNewData, ...backupFlags(options) }),
        ),
      );
      if (plan.steps.length === 0) return outcome;
      const backup = await plannedBackup(session, db, options);
      const tables = [...plan.schema.keys()];
      const run = await runRefusals(session, db, { what: 'the rollback', tables });
      return endDryRun(
        {
          ...outcome,
          sections: [...(outcome.sections ?? []), ...backup.sections],
          warnings: [...(outcome.warnings ?? []), ...run.warnings, ...backup.warnings],
        },
        [...run.refusals, ...backup.refusals],
      );
    } finally {
      await db.dialect.endRead(db);
    }
  });
}

function run(session: Session, options: RollbackOptions, request: Request): Promise<Outcome> {
  const { io, progress } = session;
  return session.connect({ access: 'write', wait: options.wait }, async (db) => {
    const backup = backupBefore(session, db, options);
    const result = await runRollback(db, {
      ...request,
      now: new Date(),
      progress,
      toolVersion: VERSION,
      lockTimeoutMs: options.lockTimeout * 1000,
      signal: io.signal,
      beforeWriting: backup.beforeWriting,
      reconnect: (use) => session.connect({ access: 'read', wait: options.wait }, use),
      async confirm(plan) {
        session.found(plan.state);
        announce(session, options, describeRollback(plan));
        return askOrRefuse(io, options.yes, 'Take this database back to v0.6.0 now?');
      },
    });
    session.found({ release: '0.6.0', revision: result.revision });
    const outcome = rollbackOutcome(result);
    return {
      ...outcome,
      steps: [...backup.steps(), ...(outcome.steps ?? [])],
      sections: [...(outcome.sections ?? []), ...backup.sections()],
      warnings: [...(outcome.warnings ?? []), ...backup.warnings()],
    };
  });
}
