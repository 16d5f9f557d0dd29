import type { Connection } from '../database/connection.ts';
import { type ExitCode, GatewayError } from '../errors.ts';
import { AT_HEAD } from '../migrate/state.ts';
import { upgrade } from '../migrate/upgrade.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import type { Schema } from '../schema/model.ts';
import { activeAdmins } from '../seed/default-password.ts';
import { type ChangeOptions, makeChange, type Preflight } from './change-command.ts';
import { doctorContext } from './doctor-context.ts';
import type { Io } from './io.ts';
import { describePlan, migrationOutcome, planOutcome } from './migrate-report.ts';
import { runCommand } from './run-command.ts';
import { openSession, type Session } from './session.ts';

export interface MigrateOptions extends ChangeOptions {
  readonly adopt?: boolean;
  readonly marker?: boolean;
  readonly allowDefaultCredentials?: boolean;
  readonly disableStale?: boolean;
}

/** Brings the database to v0.7.0, or shows with `--dry-run` how it would. */
export function migrate(io: Io, options: MigrateOptions): Promise<ExitCode> {
  const { adopt = false, marker = false, allowDefaultCredentials = false, disableStale = false } = options;
  return runCommand('migrate', io, options, async ({ open }) => {
    const session = await openSession(io, options, { credentials: 'required', allowDefaultCredentials });
    open(session);
    const { settings } = session.loaded;
    return makeChange(session, options, {
      change: upgrade({ settings, now: new Date(), adopt, marker, disableStale }),
      flags: {
        '--adopt': adopt,
        '--marker': marker,
        '--allow-default-credentials': allowDefaultCredentials,
        '--disable-stale': disableStale,
      },
      create: true,
      question: 'Migrate this database now?',
      // It is what the pipeline or container was told to do.
      unasked: true,
      preflight: (db, { schema }, tableWaitMs) => preflight(session, options, db, schema, tableWaitMs),
      describe: describePlan,
      planned: (plan, { dialect }) => planOutcome(plan, settings, dialect),
      done: (ran, db) => migrationOutcome(ran, settings, db),
      leadsTo: AT_HEAD,
    });
  });
}

/** Looks, before anything is written, at what the doctor knows to make a migration fail or go badly. */
async function preflight(
  session: Session,
  options: MigrateOptions,
  db: Connection,
  schema: Schema,
  tableWaitMs: number | undefined,
): Promise<Preflight> {
  const doctor = await import('../doctor/preflight.ts');
  const { refusals, warnings } = await doctor.preflight(
    db,
    {
      ...doctorContext(session.io, options),
      connect: (access, use) => session.connect({ access, retries: 0 }, use),
    },
    session.loaded.target,
    schema,
    tableWaitMs,
  );
  if (refusals.length === 0) {
    return { warnings: [...warnings, ...(await defaultPasswords(db, schema))], refusal: null };
  }
  const worst = db.dialect.transactionalDdl ? '' : ', and part-way at the worst';
  const refusal = new GatewayError('PREFLIGHT', `The migration would fail here${worst}.`, {
    details: refusals,
    hint: advise`Nothing was changed. What each of these means, and the command that repairs it: ${mcpgw('doctor')}`,
  });
  return { warnings, refusal };
}

/** Administrators that the database has already, whose password everybody can look up. */
async function defaultPasswords(db: Connection, schema: Schema): Promise<Text[]> {
  const admins = await activeAdmins(db, schema);
  return admins
    .filter((admin) => admin.hasDefaultPassword)
    .map(
      ({ email }) =>
        advise`The administrator ${email} has the gateway’s default password, which everybody can look up. Once the database is migrated: ${mcpgw('fix', '--only', 'admin.password-default')}`,
    );
}
