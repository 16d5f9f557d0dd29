import { isEmpty } from '../change/change.ts';
import { type HistoryRow, readHistory } from '../change/history.ts';
import { WITHOUT_EMAIL_AUTH } from '../checks/no-admin.ts';
import { lastReleaseLines } from '../database/last-release.ts';
import { PATIENCE_MS } from '../database/patience.ts';
import { ExitCode, type GatewayError } from '../errors.ts';
import { isAtHead } from '../migrate/head.ts';
import { historyWarnings } from '../migrate/history.ts';
import { makePlan, type Plan } from '../migrate/plan.ts';
import { countOrphans, ownedTables } from '../ownership/orphans.ts';
import { advise, type Command, joined, mcpgw, type Text } from '../report/advice.ts';
import { duration } from '../report/duration.ts';
import type { Section, StepReport } from '../report/report.ts';
import { section } from '../report/section.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { findAdmin, otherAdmins } from '../seed/find-admin.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { runCommand } from './run-command.ts';
import { openSession } from './session.ts';

export interface StatusOptions extends GlobalOptions {
  readonly exitCode?: boolean;
  readonly history?: boolean;
  /** Seconds. */
  readonly wait?: number;
}

/** Tells where a database stands between v0.6.0 and v0.7.0, and what to run next. Writes nothing. */
export function status(io: Io, options: StatusOptions): Promise<ExitCode> {
  return runCommand('status', io, options, async ({ open }) => {
    const session = await openSession(io, options, { credentials: 'optional', purpose: 'read' });
    open(session);
    return session.connect({ access: 'read', wait: options.wait }, async (db) => {
      await db.dialect.beginRead(db, PATIENCE_MS);
      const schema = await db.dialect.readSchema(db);
      const { settings } = session.loaded;
      const meant = { ...settings, platformAdminEmail: await findAdmin(db, schema, settings) };
      const plan = await makePlan(db, {
        settings: meant,
        now: new Date(),
        purpose: 'outline',
        adopt: false,
        marker: false,
        keepRefusal: true,
      });
      session.found(plan.state);
      const owned = ownedTables(schema);
      const orphans: (string | number)[][] = [];
      for (const table of OWNED_TABLES) {
        if (owned.includes(table)) {
          const { neither, ownerOnly, teamOnly } = await countOrphans(db, table);
          orphans.push([table.name, neither + ownerOnly + teamOnly]);
        } else if (schema.has(table.name)) orphans.push([table.name, plan.rowsBefore.get(table.name) ?? 0]);
      }
      const history = await readHistory(db, schema);
      const nobody = (await otherAdmins(db, schema, '')).length === 0;
      await db.dialect.endRead(db);
      // What a migration takes for done is not pending, however a table differs besides: that is `verify`'s to tell.
      const done = isEmpty(plan) || (plan.refusal === null && (await isAtHead(db, meant)));
      const left = orphans.some(([, n]) => n !== 0);
      const unassigned = done && left && nobody && !settings.emailAuthEnabled;
      const steps = plan.steps.map(({ id, title, statements }): StepReport => {
        return {
          id,
          title,
          status: !done && statements.length > 0 ? 'planned' : 'already',
          rows: null,
          durationMs: 0,
        };
      });
      return {
        exitCode: !done && options.exitCode === true ? ExitCode.findings : ExitCode.ok,
        steps,
        sections: [
          ...section('orphans', 'Rows without an owner or a team', ['table', 'rows'], orphans),
          ...(options.history === true ? [historySection(history)] : []),
        ],
        warnings: [
          ...unfinished(plan),
          ...(plan.refusal === null ? [] : [refused(plan.refusal)]),
          ...plan.warnings,
          ...historyWarnings(history),
          ...(unassigned ? [WITHOUT_EMAIL_AUTH] : []),
          ...lastReleaseLines(db.dialect),
        ],
        next: nextOf({ plan, done, left, unassigned }),
      };
    });
  });
}

function unfinished({ state }: Plan): Text[] {
  return state.unfinished
    ? [advise`This database is ${state.description}. To go on with it: ${mcpgw('migrate')}`]
    : [];
}

/** What a migration refuses, without its rows. */
function refused({ message, details, hint }: GatewayError): Text {
  const what = details
    .map(String)
    .filter((line) => !line.startsWith(' '))
    .map((line) => line.replace(/:$/, '.'));
  return advise`mcpgw migrate refuses to start: ${joined([message, ...what, hint], ' ')}`;
}

function nextOf(found: {
  plan: Plan;
  done: boolean;
  left: boolean;
  unassigned: boolean;
}): Command | undefined {
  const { plan, done, left, unassigned } = found;
  if (plan.refusal !== null) return plan.refusal.next;
  if (!done) return mcpgw('migrate');
  // The warning says what has to be set before a command helps.
  if (unassigned) return undefined;
  return mcpgw(left ? 'fix' : 'verify');
}

/** Every run of every step, oldest first. */
export function historySection(history: readonly HistoryRow[]): Section {
  return {
    id: 'history',
    title: 'History',
    columns: ['when (UTC)', 'step', 'version', 'duration', 'rows'],
    rows: history.map((row) => [
      moment(row.applied_at),
      row.step,
      row.tool_version,
      duration(Number(row.duration_ms)),
      Number(row.rows_written),
    ]),
  };
}

/** `2026-01-02 03:04:05`; drivers give a Date, or text that starts like that. */
function moment(value: unknown): string {
  const text = value instanceof Date ? value.toISOString() : String(value);
  return text.slice(0, 19).replace('T', ' ');
}
