import { isEmpty } from '../change/change.ts';
import type { Connection } from '../database/connection.ts';
import type { Dialect } from '../database/dialect.ts';
import { lastReleaseLines } from '../database/last-release.ts';
import { ExitCode } from '../errors.ts';
import type { Plan } from '../migrate/plan.ts';
import type { Upgraded } from '../migrate/upgrade.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import { section } from '../report/section.ts';
import { loginLimit } from '../settings/admin-email.ts';
import type { Settings } from '../settings/settings.ts';
import type { Outcome } from './outcome.ts';
import { rowsSection } from './rows-section.ts';

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
const counted = (n: number, what: string) => `${n.toLocaleString('en')} ${what}`;

/** What a run will do, in a few lines, for the person who is asked. */
export function describePlan(plan: Plan): Text[] {
  const rows = sum(plan.assigned.values());
  const statements = sum(
    plan.steps.map(({ statements, checksum = null }) => statements.length + (checksum === null ? 0 : 1)),
  );
  return [
    `The database is ${plan.state.description}${plan.state.revision === '' ? '' : ` (revision ${plan.state.revision})`}.`,
    ...(plan.created.length === 0 ? [] : [`Creates: ${plan.created.join('; ')}.`]),
    ...(rows === 0 ? [] : [`Gives ${counted(rows, 'rows')} an owner: ${plan.seed?.ownerEmail ?? ''}.`]),
    ...plan.warnings,
    `${counted(statements, 'statements')} in all; --dry-run shows every one of them.`,
  ];
}

/** What a dry run tells besides its steps. */
export function planOutcome(plan: Plan, settings: Settings, dialect: Dialect): Partial<Outcome> {
  return {
    sections: [...created(plan), ...assigned(plan), ...collisions(plan)],
    warnings: [...warningsOf(plan, settings), ...(isEmpty(plan) ? [] : lastReleaseLines(dialect))],
    next: mcpgw('verify'),
  };
}

/** What a run tells besides its steps. */
export async function migrationOutcome(ran: Upgraded, settings: Settings, db: Connection): Promise<Outcome> {
  const { plan, changed, warnings } = ran;
  const left = plan.collisions.length > 0;
  return {
    exitCode: left ? ExitCode.findings : ExitCode.ok,
    sections: changed
      ? [...created(plan), ...assigned(plan), ...collisions(plan), ...rowsSection(ran.rows), ...login(plan)]
      : collisions(plan),
    warnings: [
      ...warningsOf(plan, settings),
      ...warnings.filter((w) => !plan.warnings.includes(w)),
      ...(changed ? lastReleaseLines(db.dialect) : await schemaFaults(db, settings, plan)),
    ],
    next: mcpgw(left ? 'fix' : 'verify'),
  };
}

/** What of the schema a migration does not repair, where it had nothing to do and was not sure that all is well. */
async function schemaFaults(db: Connection, settings: Settings, { schema }: Plan): Promise<Text[]> {
  if (schema.size === 0) return [];
  const { findSchemaFaults } = await import('../checks/schema-faults.ts');
  const ids = await findSchemaFaults(db, settings);
  if (ids.length === 0) return [];
  return [
    advise`The schema is not as v0.7.0 has it (${ids.join(', ')}), so that the gateway may fail. More: ${mcpgw('verify', '--only', 'schema')}`,
  ];
}

function created({ created: made }: Plan) {
  const rows = made.map((what) => [what]);
  return section('created', 'Created', [], rows);
}

function assigned({ assigned: given, seed }: Plan) {
  const rows = seed === null ? [] : [...given].filter(([, n]) => n > 0);
  return section('assigned', `Rows given to ${seed?.ownerEmail}`, ['table', 'rows'], rows);
}

function collisions(plan: Plan) {
  const title = 'Rows left without an owner, because the owner has one of that name in the team already';
  const rows = plan.collisions.flatMap(({ table, collisions: list }) =>
    list.map((c) => [table.name, c.id, `${c.column} “${c.value}”`, c.ownerEmail]),
  );
  return section('collisions', title, ['table', 'id', 'taken', 'owner'], rows);
}

function login({ seed, created: made }: Plan) {
  if (seed === null) return [];
  const { ownerEmail } = seed;
  const isNew = made.some((what) => what.startsWith('user '));
  const password = isNew ? 'the one in PLATFORM_ADMIN_PASSWORD' : 'unchanged';
  const limit = loginLimit(ownerEmail);
  return section(
    'login',
    'Log in to the gateway as',
    [],
    [[`${ownerEmail}, password: ${password}`], ...(limit === null ? [] : [[`${ownerEmail} ${limit}`]])],
  );
}

function warningsOf(plan: Plan, settings: Settings): Text[] {
  const warnings: Text[] = [...plan.warnings];
  if (plan.state.kind === 'empty') {
    warnings.push(
      'There was no gateway database here, so this is a new, empty one. If you meant to upgrade one that exists, check DATABASE_URL.',
    );
  }
  if (!settings.emailAuthEnabled) {
    warnings.push(
      advise`EMAIL_AUTH_ENABLED is false: no administrator is created and rows stay without an owner. To finish, set it to true and run: ${mcpgw('migrate')}`,
    );
  }
  if (plan.state.release === '0.6.0' && settings.emailAuthEnabled) {
    warnings.push(
      'API tokens made before the upgrade (subject “admin”) stop working: issue new ones after logging in.',
    );
  }
  for (const { table, unresolvable } of plan.collisions) {
    if (unresolvable > 0) {
      warnings.push(
        advise`${table.name}: ${unresolvable} rows keep only a team or only an owner, whose counterpart cannot be told. See: ${mcpgw('verify', '--only', 'ownership.orphans')}`,
      );
    }
  }
  return warnings;
}
