import type { Connection } from '../database/connection.ts';
import { ExitCode } from '../errors.ts';
import { plannedHistoryRow } from '../migrate/history.ts';
import { isEmpty, type Plan } from '../migrate/plan.ts';
import type { RunResult } from '../migrate/run.ts';
import { advise, type Command, mcpgw, type Text } from '../report/advice.ts';
import type { Section, StepReport } from '../report/report.ts';
import { loginLimit } from '../settings/admin-email.ts';
import type { Settings } from '../settings/settings.ts';
import { VERSION } from '../version.ts';
import type { Outcome } from './outcome.ts';
import { plannedStep } from './planned-step.ts';
import { printStatement } from './print-statement.ts';

const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
const counted = (n: number, what: string) => `${n.toLocaleString('en')} ${what}`;

/** What a run will do, in a few lines, for the person who is asked. */
export function describePlan(plan: Plan): string[] {
  const rows = sum(plan.assigned.values());
  const statements = sum(
    plan.steps.map(({ statements, checksum }) => statements.length + (checksum === null ? 0 : 1)),
  );
  return [
    `The database is ${plan.state.description}${plan.state.revision === '' ? '' : ` (revision ${plan.state.revision})`}.`,
    ...(plan.created.length === 0 ? [] : [`Creates: ${plan.created.join('; ')}.`]),
    ...(rows === 0 ? [] : [`Gives ${counted(rows, 'rows')} an owner: ${plan.seed?.ownerEmail ?? ''}.`]),
    ...plan.warnings,
    `${counted(statements, 'statements')} in all; --dry-run shows every one of them.`,
  ];
}

/**
 * The report of `--dry-run`: each step with what it writes, and the record of it that the run makes.
 *
 * @param run the command that does it
 */
export function planOutcome(db: Connection, plan: Plan, settings: Settings, run: Command): Outcome {
  const steps = plan.steps.map(({ id, title, statements, checksum }): StepReport => {
    const recorded =
      checksum === null ? [] : [plannedHistoryRow(db, { step: id, checksum, tool_version: VERSION })];
    if (statements.length > 0) return plannedStep(id, title, [...statements, ...recorded]);
    const inPlace = { id, title, status: 'already', rows: null, durationMs: 0 } as const;
    // The record of a step is no work of it: a run tells such a step as in place, too.
    return recorded.length === 0 ? inPlace : { ...inPlace, statements: recorded.map(printStatement) };
  });
  return {
    exitCode: ExitCode.ok,
    steps,
    sections: [...created(plan), ...assigned(plan), ...collisions(plan)],
    warnings: warningsOf(plan, settings),
    next: isEmpty(plan) ? mcpgw('verify') : run,
  };
}

/** The report of a run. */
export function migrationOutcome(result: RunResult, settings: Settings): Outcome {
  const { plan } = result;
  const left = plan.collisions.length > 0;
  if (!result.changed) {
    return {
      exitCode: left ? ExitCode.findings : ExitCode.ok,
      steps: result.steps.map(toStep),
      sections: collisions(plan),
      warnings: warningsOf(plan, settings),
      next: mcpgw(left ? 'fix' : 'verify'),
    };
  }
  const sections = [
    ...created(plan),
    ...assigned(plan),
    ...collisions(plan),
    rowsPerTable(result),
    ...login(plan),
  ];
  return {
    exitCode: left ? ExitCode.findings : ExitCode.ok,
    steps: result.steps.map(toStep),
    sections,
    warnings: [...warningsOf(plan, settings), ...result.warnings.filter((w) => !plan.warnings.includes(w))],
    next: mcpgw(left ? 'fix' : 'verify'),
  };
}

function toStep({ id, title, status, rows, durationMs }: RunResult['steps'][number]): StepReport {
  return { id, title, status, rows: rows > 0 ? rows : null, durationMs };
}

function created(plan: Plan): Section[] {
  if (plan.created.length === 0) return [];
  return [{ id: 'created', title: 'Created', columns: [], rows: plan.created.map((what) => [what]) }];
}

function assigned(plan: Plan): Section[] {
  const rows = [...plan.assigned].filter(([, n]) => n > 0);
  if (rows.length === 0 || plan.seed === null) return [];
  return [
    {
      id: 'assigned',
      title: `Rows given to ${plan.seed.ownerEmail}`,
      columns: ['table', 'rows'],
      rows: rows.map(([table, n]) => [table, n]),
    },
  ];
}

function collisions(plan: Plan): Section[] {
  const rows = plan.collisions.flatMap(({ table, collisions: list }) =>
    list.map((c) => [table.name, c.id, `${c.column} “${c.value}”`, c.ownerEmail]),
  );
  if (rows.length === 0) return [];
  return [
    {
      id: 'collisions',
      title: 'Rows left without an owner, because the owner has one of that name in the team already',
      columns: ['table', 'id', 'taken', 'owner'],
      rows,
    },
  ];
}

function rowsPerTable(result: RunResult): Section {
  return {
    id: 'rows',
    title: 'Rows per table',
    columns: ['table', 'before', 'after'],
    rows: result.rows.map(({ table, before, after }) => [table, before ?? 'new', after ?? 'dropped']),
  };
}

function login(plan: Plan): Section[] {
  if (plan.seed === null) return [];
  const isNew = plan.created.some((what) => what.startsWith('user '));
  const password = isNew ? 'the one in PLATFORM_ADMIN_PASSWORD' : 'unchanged';
  const { ownerEmail } = plan.seed;
  const limit = loginLimit(ownerEmail);
  return [
    {
      id: 'login',
      title: 'Log in to the gateway as',
      columns: [],
      rows: [
        [`${ownerEmail}, password: ${password}`],
        ...(limit === null ? [] : [[`${ownerEmail} ${limit}`]]),
      ],
    },
  ];
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
