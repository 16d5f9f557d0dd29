import type { Connection } from '../database/connection.ts';
import { lastReleaseLines } from '../database/last-release.ts';
import { PATIENCE_MS } from '../database/patience.ts';
import type { ExitCode, GatewayError } from '../errors.ts';
import { lockImpact } from '../migrate/lock-impact.ts';
import { isEmpty, makePlan, type Plan } from '../migrate/plan.ts';
import { type RunResult, runMigration } from '../migrate/run.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import { VERSION } from '../version.ts';
import { announce } from './announce.ts';
import { backupBefore, plannedBackup } from './backup-before.ts';
import { askOnTerminal } from './confirm.ts';
import { endDryRun } from './end-dry-run.ts';
import { backupFlags, flagWords } from './flag-words.ts';
import type { Io } from './io.ts';
import { locksSection } from './locks-section.ts';
import { describePlan, migrationOutcome, planOutcome } from './migrate-report.ts';
import type { BackupOptions, GlobalOptions, WriteOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { preflightBefore, preflightOf } from './preflight-before.ts';
import { runCommand } from './run-command.ts';
import { runRefusals } from './run-refusals.ts';
import { openSession, type Session } from './session.ts';

export interface MigrateOptions extends GlobalOptions, WriteOptions, BackupOptions {
  readonly adopt?: boolean;
  readonly marker?: boolean;
  readonly allowDefaultCredentials?: boolean;
}

/** Brings the database to v0.7.0, or shows with `--dry-run` how it would. */
export function migrate(io: Io, options: MigrateOptions): Promise<ExitCode> {
  return runCommand('migrate', io, options, async ({ open }) => {
    const session = await openSession(io, options, {
      credentials: 'required',
      allowDefaultCredentials: options.allowDefaultCredentials ?? false,
    });
    open(session);
    return options.dryRun === true ? dryRun(session, options) : run(session, options);
  });
}

function planOptions(session: Session, options: MigrateOptions) {
  return {
    settings: session.loaded.settings,
    now: new Date(),
    adopt: options.adopt ?? false,
    marker: options.marker ?? false,
  };
}

function dryRun(session: Session, options: MigrateOptions): Promise<Outcome> {
  return session.connect({ access: 'read', wait: options.wait }, async (db) => {
    const { plan, outcome, refusals } = await planned(session, options, db);
    if (isEmpty(plan)) return outcome;
    const { warnings, refusal } = await preflightOf(session, options, db, plan.schema, PATIENCE_MS);
    return endDryRun(
      {
        ...outcome,
        warnings: [...(outcome.warnings ?? []), ...warnings, ...lastReleaseLines(db.dialect)],
      },
      refusal === null ? refusals : [...refusals, refusal],
    );
  });
}

/** Reads in one transaction what a run would do, and what it would lock and back up for that. */
async function planned(
  session: Session,
  options: MigrateOptions,
  db: Connection,
): Promise<{ plan: Plan; outcome: Outcome; refusals: readonly GatewayError[] }> {
  await db.dialect.beginRead(db, PATIENCE_MS);
  try {
    const plan = await makePlan(db, { ...planOptions(session, options), purpose: 'show' });
    session.found(plan.state);
    const outcome = planOutcome(
      db,
      plan,
      session.loaded.settings,
      mcpgw(
        'migrate',
        ...flagWords({
          '--adopt': options.adopt,
          '--marker': options.marker,
          '--allow-default-credentials': options.allowDefaultCredentials,
          ...backupFlags(options),
        }),
      ),
    );
    if (isEmpty(plan)) return { plan, outcome, refusals: [] };
    const backup = await plannedBackup(session, db, options);
    const sections = [
      ...(outcome.sections ?? []),
      ...locksSection(lockImpact(db.dialect, plan)),
      ...backup.sections,
    ];
    const tables = [...plan.schema.keys()];
    const run = await runRefusals(session, db, { what: 'the migration', tables });
    const warnings = [...(outcome.warnings ?? []), ...run.warnings, ...backup.warnings];
    const refusals = [...run.refusals, ...backup.refusals];
    return { plan, outcome: { ...outcome, sections, warnings }, refusals };
  } finally {
    await db.dialect.endRead(db);
  }
}

function run(session: Session, options: MigrateOptions): Promise<Outcome> {
  const { io, progress } = session;
  return session.connect({ access: 'write', create: true, wait: options.wait }, async (db) => {
    const backup = backupBefore(session, db, options);
    let warnings: readonly Text[] = [];
    const result = await runMigration(db, {
      ...planOptions(session, options),
      progress,
      toolVersion: VERSION,
      lockTimeoutMs: options.lockTimeout * 1000,
      signal: io.signal,
      async confirm(plan) {
        session.found(plan.state);
        if (!isEmpty(plan)) warnings = await preflightBefore(session, options, db, plan.schema);
        return confirm(session, options, plan, warnings);
      },
      beforeWriting: backup.beforeWriting,
      reconnect: (use) => session.connect({ access: 'write', wait: options.wait }, use),
    });
    session.found({ release: '0.7.0', revision: result.revision });
    const outcome = migrationOutcome(result, session.loaded.settings);
    const faults = await schemaFaults(db, session, result);
    return {
      ...outcome,
      steps: [...backup.steps(), ...(outcome.steps ?? [])],
      sections: [...(outcome.sections ?? []), ...backup.sections()],
      warnings: [
        ...(outcome.warnings ?? []),
        ...warnings,
        ...backup.warnings(),
        ...faults,
        ...(result.changed ? lastReleaseLines(db.dialect) : []),
      ],
    };
  });
}

/** What of the schema a migration does not repair, where it had nothing to do and was not sure that all is well. */
async function schemaFaults(db: Connection, session: Session, result: RunResult): Promise<Text[]> {
  if (result.changed || result.plan.schema.size === 0) return [];
  const { findSchemaFaults } = await import('../checks/schema-faults.ts');
  const ids = await findSchemaFaults(db, session.loaded.settings);
  if (ids.length === 0) return [];
  return [
    advise`The schema is not as v0.7.0 has it (${ids.join(', ')}), so that the gateway may fail. More: ${mcpgw('verify', '--only', 'schema')}`,
  ];
}

/**
 * On a terminal the plan is shown and a person decides. Elsewhere nobody is there to ask, and `migrate` is
 * what the pipeline or container was told to do.
 */
async function confirm(
  session: Session,
  options: MigrateOptions,
  plan: Plan,
  warnings: readonly Text[],
): Promise<boolean> {
  const { io } = session;
  if (isEmpty(plan)) return true;
  // An empty database has nothing to back up.
  const backup = plan.schema.size === 0 ? { ...options, backup: false } : options;
  announce(session, backup, [...warnings.map((text) => `Warning: ${text}`), ...describePlan(plan)]);
  return options.yes === true || !io.interactive || askOnTerminal('Migrate this database now?');
}
