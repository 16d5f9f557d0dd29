import { isEmpty, type Ran } from '../change/change.ts';
import type { Check } from '../checks/check.ts';
import { DATA_CHECKS } from '../checks/data-checks.ts';
import { type FixPlan, fix as repair, repaired } from '../checks/fix.ts';
import { needsDoctor, needsMigration } from '../checks/next-command.ts';
import { type Outcome as Checked, isProblem } from '../checks/run-check.ts';
import { selectChecks } from '../checks/select.ts';
import type { Connection } from '../database/connection.ts';
import { ExitCode, GatewayError } from '../errors.ts';
import { readRevisions, recogniseState } from '../migrate/state.ts';
import { resolveOverrides } from '../ownership/resolve-overrides.ts';
import { advise, type Command, mcpgw } from '../report/advice.ts';
import type { DraftCheck } from '../report/report.ts';
import { type ChangeOptions, makeChange } from './change-command.ts';
import type { Io } from './io.ts';
import type { Outcome } from './outcome.ts';
import { runCommand } from './run-command.ts';
import { openSession, type Session } from './session.ts';
import { setAsideWarnings } from './set-aside-warnings.ts';

export interface FixOptions extends ChangeOptions {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly team?: string;
  readonly owner?: string;
  readonly visibility?: string;
  readonly disableStale?: boolean;
}

/** Repairs what `verify` finds, or shows with `--dry-run` how it would. */
export function fix(io: Io, options: FixOptions): Promise<ExitCode> {
  return runCommand('fix', io, options, async ({ open }) => {
    const { only, skip, team, owner, visibility, disableStale, verbose } = options;
    const checks = selectChecks(DATA_CHECKS, only, skip);
    const session = await openSession(io, options, { credentials: 'optional' });
    open(session);
    const { settings } = session.loaded;
    const judge = (db: Connection) => readDatabase(db, session, options, checks);
    return makeChange(session, options, {
      change: repair({ checks, judge, settings, verbose, now: new Date() }),
      flags: {
        '--only': only,
        '--skip': skip,
        '--team': team,
        '--owner': owner,
        '--visibility': visibility,
        '--disable-stale': disableStale,
      },
      question: 'Repair this now?',
      describe: (plan) => [
        ...setAsideWarnings(plan.setAside).map((text) => advise`Warning: ${text}`),
        ...plan.steps.flatMap(({ id, title, summary = [] }) => [
          `${id}: ${title}`,
          ...summary.map((line) => `- ${line}`),
        ]),
      ],
      planned: planOutcome,
      done: repairOutcome,
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

/** What a dry run tells besides its steps. */
function planOutcome(plan: FixPlan): Partial<Outcome> {
  const checks = plan.outcomes.map(({ report }) => report).filter((report) => report.status !== 'passed');
  const told = { checks, warnings: [...setAsideWarnings(plan.setAside), ...plan.warnings] };
  if (!isEmpty(plan)) return told;
  const clean = !checks.some(isProblem);
  return { ...told, exitCode: clean ? ExitCode.ok : ExitCode.findings, next: nextAfter(checks, clean) };
}

/** What a run tells besides its steps. */
function repairOutcome(ran: Ran<FixPlan, readonly Checked[]>): Outcome {
  const { checks, clean } = repaired(ran);
  const nothing = clean && ran.steps.length === 0;
  return {
    exitCode: clean ? ExitCode.ok : ExitCode.findings,
    // Where nothing was wrong, that is what there is to tell.
    checks: nothing ? checks : checks.filter(isWorthShowing),
    warnings: ran.warnings,
    next: nothing ? undefined : nextAfter(checks, clean),
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
