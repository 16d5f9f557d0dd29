import { sql } from 'kysely';
import { MIGRATIONS } from '../../migrations/index.ts';
import type { Change, Ran } from '../change/change.ts';
import { compareRows } from '../change/compare-rows.ts';
import type { Connection } from '../database/connection.ts';
import { countRows } from '../database/row-counts.ts';
import { GatewayError } from '../errors.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { HISTORY_TABLE, LEFTOVER_COPIES, VERSION_TABLE } from '../schema/gateway-tables.ts';
import type { Schema } from '../schema/model.ts';
import { hashPassword, type PasswordHash } from '../seed/password.ts';
import { planSso } from '../seed/plan-sso.ts';
import { isAtHead } from './head.ts';
import { makePlan, nothingLeft, type Plan, type PlanOptions, ssoNotes } from './plan.ts';
import { readPlanFacts } from './read-facts.ts';
import { record } from './record.ts';
import { REVISION, readRevisions, recogniseState } from './state.ts';

export type UpgradeOptions = Pick<PlanOptions, 'settings' | 'now' | 'adopt' | 'marker' | 'disableStale'>;

/** The change that brings a database to v0.7.0. */
export function upgrade(options: UpgradeOptions): Change<Plan> {
  const { settings, now, adopt } = options;
  let password: Promise<PasswordHash> | undefined;
  return {
    what: 'The migration',
    command: mcpgw('migrate'),
    reading: 'Reading the database',
    needsOwner: true,
    now,
    async known(db) {
      if (!(await isAtHead(db, settings, options))) return null;
      return nothingLeft(settings, ssoNotes(await planSso(db, true, options)));
    },
    plan: (db, reading) => makePlan(db, { ...options, ...reading, password }),
    begin({ seed }) {
      const isNew = seed?.parts.some((part) => part.id === 'admin' && part.statements.length > 0) ?? false;
      // Hashing takes a core for a while.
      password = isNew ? hashPassword(settings.platformAdminPassword, settings) : undefined;
      password?.catch(() => {
        // The plan waits for it, and fails with it.
      });
    },
    async check(db, plan) {
      const after = await db.dialect.readSchema(db);
      await refuseUnfinished(db, plan, after);
      return compareRows(db, plan.rowsBefore, after, {
        what: 'the migration',
        growing: GROWING,
        goes: (table) => LEFTOVER_COPIES.has(table),
      });
    },
    async look(db, { steps }) {
      if (!(await isRevision(db, REVISION.v070))) return false;
      const recorded = steps.filter(({ checksum = null }) => checksum !== null).length;
      if (recorded === 0) return true;
      const ofThisRun = sql`${sql.table(HISTORY_TABLE)} WHERE applied_at = ${db.dialect.timestamp(now)}`;
      return (await countRows(db, ofThisRun)) >= recorded;
    },
    async fate(db, { state: before }) {
      if (await isAtHead(db, settings, options)) return 'done';
      const schema = await db.dialect.readSchema(db);
      const state = recogniseState(schema, await readRevisions(db, schema), adopt);
      // What begins and ends as v0.7.0 does not show by its kind what was done.
      return state.kind === before.kind && state.kind !== 'v0.7.0' ? 'as before' : 'unknown';
    },
  };
}

/** What a migration did. */
export type Upgraded = Ran<Plan>;

/** Whether a database says that it is at just this revision. */
export async function isRevision(db: Connection, revision: string): Promise<boolean> {
  return (await countRows(db, sql`${sql.table(VERSION_TABLE)} WHERE version_num = ${revision}`)) === 1;
}

/** Proves that nothing is left to do: the same plan, made from what is there now, must be empty. */
async function refuseUnfinished(db: Connection, plan: Plan, schema: Schema): Promise<void> {
  const ownership = {
    teamId: plan.seed?.teamId ?? null,
    ownerEmail: plan.seed?.ownerEmail ?? null,
    visibility: 'private',
  };
  const kept = new Set([...LEFTOVER_COPIES.keys()].filter((name) => schema.has(name)));
  const facts = {
    ...(await readPlanFacts(db, schema)),
    missingFrom: (copy: string) => (kept.has(copy) ? 1 : 0),
  };
  const again = record(MIGRATIONS, 'up', schema, db.dialect, facts, ownership);
  const left = again.steps.flatMap((step) => step.statements);
  if (left.length === 0) return;
  const details = left.slice(0, 5).map((statement) => statement.sql);
  if (left.every(({ counts }) => counts !== undefined)) {
    throw new GatewayError('FAILED', 'Rows are as they were after they were updated.', {
      details,
      hint: advise`A trigger of this site keeps them so. Turn it off for the migration; database.site-objects lists them: ${mcpgw('doctor')}`,
    });
  }
  throw new GatewayError('INTERNAL', 'The schema is not what the migration leads to.', { details });
}

/** Tables that a run adds rows to: their counts may grow. */
const GROWING: ReadonlySet<string> = new Set([
  'email_users',
  'email_auth_events',
  'email_teams',
  'email_team_members',
  'roles',
  'user_roles',
  'sso_providers',
  VERSION_TABLE,
  HISTORY_TABLE,
]);
