import { type RawBuilder, sql } from 'kysely';
import { MIGRATIONS } from '../../migrations/index.ts';
import { type Change, isEmpty, type Planned, type PlannedStep } from '../change/change.ts';
import { compareRows } from '../change/compare-rows.ts';
import type { Connection } from '../database/connection.ts';
import { countRows, rowCounts } from '../database/row-counts.ts';
import type { Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import { advise, joined, mcpgw, type Text } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { HISTORY_TABLE, LEFTOVER_COPIES, OWNED_TABLES, VERSION_TABLE } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import { ADMIN_ROLE, DEFAULT_ROLES } from '../seed/default-roles.ts';
import { findAdmin } from '../seed/find-admin.ts';
import type { Settings } from '../settings/settings.ts';
import { readPlanFacts } from './read-facts.ts';
import { type Recording, record } from './record.ts';
import { describeShared, findShared } from './shared-values.ts';
import { refuseSite } from './site-objects.ts';
import { REVISION, readRevisions, recogniseState, type State } from './state.ts';
import { isRevision } from './upgrade.ts';

export interface RollbackOptions {
  readonly settings: Pick<Settings, 'platformAdminEmail' | 'adminEmailIsDefault'>;
  readonly now: Date;
  /** Go on even if users, teams, tokens … are lost that no migration would make again. */
  readonly discardNewData: boolean;
}

/** Rows that v0.6.0 has no place for and that no migration would make again. */
interface Loss {
  readonly table: string;
  readonly rows: number;
}

/** Its steps are what is left to undo, latest first. */
export interface RollbackPlan extends Planned {
  readonly state: State;
  readonly changed: readonly string[];
  readonly rowsBefore: ReadonlyMap<string, number>;
  /** Tables that go. */
  readonly dropped: readonly string[];
  /** Rows beyond the seeded ones that go with them. */
  readonly losses: readonly Loss[];
  /** Rows that lose their team, owner and visibility, for each table that has any. */
  readonly disowned: ReadonlyMap<string, number>;
}

const WHAT = 'The rollback';

/**
 * The change that takes a v0.7.0 database, or one that an upgrade or another rollback left half way, back to the
 * schema of v0.6.0. The revision is set back last, so that `migrate` can go the other way, too.
 */
export function rollback(options: RollbackOptions): Change<RollbackPlan> {
  return {
    what: WHAT,
    command: mcpgw('rollback', ...(options.discardNewData ? ['--discard-new-data'] : [])),
    reading: 'Reading the database',
    needsOwner: true,
    now: options.now,
    plan: (db) => planRollback(db, options),
    async check(db, { rowsBefore, dropped }) {
      const schema = await db.dialect.readSchema(db);
      const left = (await recordRollback(db, schema)).steps.flatMap((step) => step.statements);
      if (left.length > 0) {
        throw new GatewayError('INTERNAL', 'The schema is not what the rollback leads to.', {
          details: left.slice(0, 5).map((statement) => statement.sql),
        });
      }
      return compareRows(db, rowsBefore, schema, {
        what: 'the rollback',
        growing: new Set(),
        goes: (table) => dropped.includes(table),
      });
    },
    look: (db) => isRevision(db, REVISION.v060),
  };
}

/**
 * Reads the database and works out every statement that takes it back to v0.6.0. Writes nothing.
 *
 * @throws GatewayError STATE; PREFLIGHT when v0.6.0 cannot hold what is in the database
 */
async function planRollback(
  db: Connection,
  { settings, discardNewData }: RollbackOptions,
): Promise<RollbackPlan> {
  const schema = await db.dialect.readSchema(db);
  const state = recogniseState(schema, await readRevisions(db, schema));
  if (state.kind === 'empty') {
    throw new GatewayError('STATE', 'The database is empty: there is nothing to roll back.', {
      hint: 'Check that DATABASE_URL points at the gateway’s database. Nothing was changed.',
    });
  }
  const recording = await recordRollback(db, schema);
  const tables = [...schema.keys()];
  const rowsBefore = await rowCounts(db, tables);
  const dropped = tables.filter((name) => !recording.schema.has(name));
  const holdsData = dropped.filter((name) => !LEFTOVER_COPIES.has(name));
  const history = schema.has(HISTORY_TABLE) ? [db.dialect.dropTable(HISTORY_TABLE)] : [];
  const losses = await findLosses(db, schema, holdsData, await findAdmin(db, schema, settings));
  await refuseLosses(db, schema, recording, discardNewData ? [] : losses);
  const plan: RollbackPlan = {
    state,
    steps: stepsOf(db, state, recording, history),
    changed: [...recording.steps.flatMap((s) => s.changed), ...(history.length > 0 ? [HISTORY_TABLE] : [])],
    schema,
    rowsBefore,
    disowned: disownedRows(schema, rowsBefore),
    dropped: history.length > 0 ? [...dropped, HISTORY_TABLE] : dropped,
    losses,
    warnings: [...recording.warnings, ...(await exposed(db, schema))],
  };
  if (isEmpty(plan)) return plan;
  const site = { before: schema, after: recording.schema, written: new Set([VERSION_TABLE]) };
  const notes = await refuseSite(db, WHAT, site);
  return { ...plan, warnings: [...plan.warnings, ...notes.map((note) => `${note}.`)] };
}

/** What is to be undone; where that is nothing, the revision, which is there. */
function stepsOf(
  db: Connection,
  { revision }: State,
  recording: Recording,
  history: readonly Statement[],
): PlannedStep[] {
  const isBack = revision === REVISION.v060;
  const back = isBack ? [] : [db.compile(sql`UPDATE alembic_version SET version_num = ${REVISION.v060}`)];
  const last = { id: 'revision', title: `Revision ${REVISION.v060}`, statements: back };
  const steps: PlannedStep[] = [
    ...recording.steps.map(({ migration: { id, title, downTitle }, statements }) => ({
      id,
      title: downTitle ?? `Undo: ${title}`,
      statements,
    })),
    { id: 'history', title: 'Remove the table of our own history', statements: history },
    last,
  ];
  const left = steps.filter(({ statements }) => statements.length > 0);
  return left.length === 0 ? [last] : left;
}

/** @throws GatewayError PREFLIGHT */
async function refuseLosses(
  db: Connection,
  schema: Schema,
  recording: Recording,
  losses: readonly Loss[],
): Promise<void> {
  const place = (name: string) => OWNED_TABLES.findIndex((owned) => owned.name === name);
  const found = await findShared(db, schema, recording, false);
  // In the same order on every database.
  const shared = found.toSorted((a, b) => place(a.table) - place(b.table));
  if (losses.length + shared.length === 0) return;
  const hints: Text[] = [];
  if (shared.length > 0) {
    hints.push(
      advise`Rename or remove all but one of the rows that share a value, then run: ${mcpgw('rollback')}`,
    );
  }
  if (losses.length > 0) {
    hints.push(
      advise`Tables of v0.7.0 are dropped with all their rows. Look at them first; --discard-new-data says that they may be lost. A backup of them: ${mcpgw('backup')}`,
    );
  }
  throw new GatewayError('PREFLIGHT', 'v0.6.0 has no place for everything that is in this database.', {
    details: [
      ...losses.map(({ table, rows }) => `${table}: ${plural(rows, 'row')} beyond the seeded ones`),
      ...shared.flatMap((each) =>
        describeShared(each, `${each.table}.${each.columns.join()} is unique in v0.6.0`),
      ),
    ],
    hint: joined(hints, ' — '),
  });
}

/** v0.6.0 has none of these columns; a run that was interrupted may have dropped some. */
function disownedRows(schema: Schema, rows: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const owned = OWNED_TABLES.filter(({ name }) =>
    ['team_id', 'owner_email', 'visibility'].some(
      (column) => columnOf(schema.get(name), column) !== undefined,
    ),
  );
  return new Map(owned.map(({ name }) => [name, rows.get(name) ?? 0] as const).filter(([, n]) => n > 0));
}

/** What is left to undo of the migrations in a database with this schema. */
async function recordRollback(db: Connection, schema: Schema): Promise<Recording> {
  const facts = await readPlanFacts(db, schema);
  const { unboundedStrings } = db.dialect;
  const nobody = { teamId: null, ownerEmail: null, visibility: 'private' };
  return record(MIGRATIONS, 'down', schema, db.dialect, { ...facts, unboundedStrings }, nobody);
}

/** v0.6.0 knows no visibility. */
async function exposed(db: Connection, schema: Schema): Promise<string[]> {
  const warnings: string[] = [];
  for (const { name } of OWNED_TABLES) {
    if (columnOf(schema.get(name), 'visibility') === undefined) continue;
    const rows = await countRows(db, sql`${sql.table(name)} WHERE visibility IN ('private', 'team')`);
    if (rows > 0) {
      warnings.push(
        `${name}: ${rows} rows are for their owner or team only; v0.6.0 shows them to everybody.`,
      );
    }
  }
  return warnings;
}

/**
 * Counts what a rollback loses beyond what every migration seeds (COMPATIBILITY §4): the administrator, the
 * personal team and the membership in it, the default roles, the administrator's role and authentication log.
 *
 * @param tables those that the rollback drops
 * @param admin the administrator's email
 */
async function findLosses(
  db: Connection,
  schema: Schema,
  tables: readonly string[],
  admin: string,
): Promise<readonly Loss[]> {
  const losses: Loss[] = [];
  for (const table of tables) {
    const seeded = seededRows(db, schema, table, admin);
    const kept = seeded === null ? sql`` : sql` WHERE NOT coalesce(${seeded}, ${no(db)})`;
    const rows = await countRows(db, sql`${sql.table(table)} t${kept}`);
    if (rows > 0) losses.push({ table, rows });
  }
  return losses;
}

/** Which rows `t` of a table are seeded ones; null where none can be. */
function seededRows(
  db: Connection,
  schema: Schema,
  table: string,
  admin: string,
): RawBuilder<unknown> | null {
  const yes = db.dialect.boolean(true);
  switch (table) {
    case 'email_users':
      return sql`(t.email = ${admin})`;
    case 'email_auth_events':
      return sql`(t.user_email = ${admin})`;
    case 'email_teams':
      return sql`(t.created_by = ${admin} AND t.is_personal = ${yes})`;
    case 'email_team_members':
      // An interrupted rollback may have dropped what rows are compared with.
      if (!schema.has('email_teams')) return sql`(t.user_email = ${admin})`;
      return sql`(t.user_email = ${admin} AND EXISTS
        (SELECT 1 FROM email_teams p WHERE p.id = t.team_id AND p.created_by = ${admin} AND p.is_personal = ${yes}))`;
    case 'roles': {
      const defaults = DEFAULT_ROLES.map(({ name, scope }) => sql`(t.name = ${name} AND t.scope = ${scope})`);
      return sql`(t.is_system_role = ${yes} AND (${sql.join(defaults, sql` OR `)}))`;
    }
    case 'user_roles':
      if (!schema.has('roles')) return sql`(t.user_email = ${admin} AND t.scope = 'global')`;
      return sql`(t.user_email = ${admin} AND t.scope = 'global' AND EXISTS
        (SELECT 1 FROM roles r WHERE r.id = t.role_id AND r.name = ${ADMIN_ROLE}))`;
    default:
      return null;
  }
}

/** A condition that is neither true nor false is not true. */
function no(db: Connection) {
  return sql.raw(db.dialect.boolean(false) === false ? 'false' : '0');
}
