import { sql } from 'kysely';
import { MIGRATIONS } from '../../migrations/index.ts';
import type { Planned, PlannedStep, Reading } from '../change/change.ts';
import { type DataStepId, historyTable, readHistory } from '../change/history.ts';
import type { Connection } from '../database/connection.ts';
import { inRanges, keyRanges } from '../database/key-ranges.ts';
import { rowCounts } from '../database/row-counts.ts';
import { type Statement, statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import type { Orphans } from '../ownership/orphans.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import { string, table } from '../schema/define.ts';
import { displayName } from '../schema/display-name.ts';
import { GATEWAY_TABLES, HISTORY_TABLE, OWNED_TABLES, VERSION_TABLE } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import { otherAdmins } from '../seed/find-admin.ts';
import { hashPassword, type PasswordHash } from '../seed/password.ts';
import { missingSeed, type SeedPlan } from '../seed/plan-seed.ts';
import { planSso, type SsoPlan, staleLine } from '../seed/plan-sso.ts';
import type { Settings } from '../settings/settings.ts';
import type { DanglingKey } from './dangling-mend.ts';
import { OWNERSHIP_STEP, SEED_STEP, stepChecksums } from './history.ts';
import { mendsOf } from './mends.ts';
import type { Migration } from './migration.ts';
import { assignmentOf, NOBODY, ownershipOf, planOwnership } from './plan-ownership.ts';
import { readPlanFacts } from './read-facts.ts';
import { record } from './record.ts';
import { refuseShared } from './shared-values.ts';
import { AT_HEAD, REVISION, readRevisions, recogniseState, type State } from './state.ts';

export interface Plan extends Planned {
  readonly state: State;
  readonly changed: readonly string[];
  /** Rows of every table in a plan that is to be run, else of the owned tables only. */
  readonly rowsBefore: ReadonlyMap<string, number>;
  /** Users, teams, roles … that are made. */
  readonly created: readonly string[];
  /** Rows that get an owner, by table. */
  readonly assigned: ReadonlyMap<string, number>;
  /** Rows that must stay without one. */
  readonly collisions: readonly Orphans[];
  /** Null when EMAIL_AUTH_ENABLED is false. */
  readonly seed: SeedPlan | null;
  /** Why it may not be run, where that was asked for instead of thrown. */
  readonly refusal: GatewayError | null;
}

/**
 * An outline tells which steps are pending and how many rows they are about; a plan to run also counts the rows of all
 * tables and hashes the administrator's password, which takes time and memory by design.
 */
export interface PlanOptions extends Reading {
  readonly settings: Settings;
  readonly now: Date;
  /** The hash of the administrator's password, when it was begun before. */
  readonly password?: Promise<PasswordHash> | undefined;
  /** Take v0.6.0 tables without a revision for what they look like. */
  readonly adopt: boolean;
  /** Write the marker of the gateway's own upgrade into `federation_source`. */
  readonly marker: boolean;
  /** Turn off the providers of single sign-on that the settings no longer name. */
  readonly disableStale?: boolean | undefined;
  /** Rows that the target does not allow are told in the plan, and not thrown. */
  readonly keepRefusal?: boolean;
}

/** What sees the personal team for the first time. */
const FIRST_AFTER_SEED = MIGRATIONS.find(({ when }) => when === 'after-seed');
const ACCESS_STEP = 'access';
/** Recorded as a change of rows: a database at v0.7.0 may have been through it any number of times, or never. */
const SSO_STEP: DataStepId = 'sso:providers';
const PAGE_SIZE = 10_000;

/**
 * The steps of a run in their order.
 *
 * @param access others use the tables, too, which most gateways have one user for
 */
function stepsOf(
  { emailAuthEnabled, ssoEnabled }: Pick<Settings, 'emailAuthEnabled' | 'ssoEnabled'>,
  access = false,
): { id: string; title: string }[] {
  const migrations = (when: Migration['when']) => MIGRATIONS.filter((migration) => migration.when === when);
  return [
    { id: 'history', title: 'Table for our own history' },
    { id: 'mend', title: 'Rows made to fit new constraints' },
    ...migrations('before-seed'),
    ...(emailAuthEnabled ? [{ id: SEED_STEP, title: 'Administrator, personal team, roles' }] : []),
    ...migrations('after-seed'),
    ...(ssoEnabled ? [{ id: SSO_STEP, title: 'Providers of single sign-on' }] : []),
    { id: OWNERSHIP_STEP, title: 'Owner and team for rows that lack them' },
    ...(access ? [{ id: ACCESS_STEP, title: 'Owner and grants of new tables, as the tools have them' }] : []),
    { id: 'revision', title: `Revision ${REVISION.v070}` },
  ];
}

/** The plan of a database that is known to be at v0.7.0 with nothing missing: no statement at all. */
export function nothingLeft(settings: Settings, warnings: readonly Text[] = []): Plan {
  const steps = stepsOf(settings).map(
    ({ id, title }): PlannedStep => ({ id, title, statements: [], checksum: null }),
  );
  return {
    state: AT_HEAD,
    steps,
    changed: [],
    schema: new Map(),
    rowsBefore: new Map(),
    created: [],
    assigned: new Map(),
    collisions: [],
    seed: null,
    warnings,
    refusal: null,
  };
}

/**
 * Reads the database and works out every statement that it needs to be at v0.7.0. Writes nothing.
 *
 * @throws GatewayError STATE; PREFLIGHT for rows that v0.7.0 does not allow
 */
export async function makePlan(db: Connection, options: PlanOptions): Promise<Plan> {
  const { settings } = options;
  const schema = options.schema ?? (await db.dialect.readSchema(db));
  const state = recogniseState(schema, await readRevisions(db, schema), options.adopt);
  const tables = [...schema.keys()];
  const owned = tables.filter((name) => OWNED_TABLES.some((o) => o.name === name));
  const rowsBefore = await rowCounts(db, options.purpose === 'run' ? tables : owned);
  const facts = await readPlanFacts(db, schema);
  const recorded = await recordedSteps(db, schema);

  const seed = settings.emailAuthEnabled ? await seedOf(db, schema, options) : null;
  const recording = record(MIGRATIONS, 'up', schema, db.dialect, facts, ownershipOf(seed));
  const assignment = seed === null ? null : assignmentOf(seed, options.marker);
  const mends = await mendsOf(db, schema, recording.schema, assignment);
  const sso = await planSso(db, schema.has('sso_providers'), options);
  const refusal = await refusalOf(async () => {
    refuseDangling(mends.left);
    await refuseShared(db, schema, recording, seed !== null);
    if (sso.refusal !== null) throw sso.refusal;
  });
  if (refusal !== null && options.keepRefusal !== true) throw refusal;

  const owners =
    assignment === null ? NOBODY : await planOwnership(db, schema, { assignment, rowsBefore, mends });
  const then = new Map([...recording.schema, [HISTORY_TABLE, historyTable]]);
  const ours = [...then.values()].filter(({ name }) => GATEWAY_TABLES.has(name));
  const lacking = schema.has('tools') ? await db.dialect.missingAccess(db, ours) : [];
  const access = lacking
    .filter(({ mine }) => mine)
    .flatMap(({ statements }) => statements.map((text) => statement(text)));
  const checksumOf = stepChecksums();
  const statementsOf = new Map<string, readonly Statement[]>([
    ['history', schema.has(HISTORY_TABLE) ? [] : db.dialect.createTable(historyTable, schema).statements],
    ['mend', mends.first],
    ...recording.steps.map(({ migration, statements, names }): [string, readonly Statement[]] => [
      migration.id,
      [
        // The team is there, and no constraint on it yet.
        ...(migration === FIRST_AFTER_SEED ? mends.teams : []),
        ...statements,
        ...(names ? unusualNames(db, schema) : []),
      ],
    ]),
    [SEED_STEP, seed?.parts.flatMap((part) => part.statements) ?? []],
    [SSO_STEP, sso.changes.flatMap(([, made]) => made)],
    [OWNERSHIP_STEP, owners.statements],
    [ACCESS_STEP, access],
    ['revision', revisionStatements(db, schema, state)],
  ]);
  const ranges =
    options.purpose === 'outline'
      ? new Map<string, readonly unknown[]>()
      : await rangesFor(db, [...statementsOf.values()].flat(), rowsBefore);
  const rowsArriving = (id: string) => {
    const added = recording.steps.find((step) => step.migration.id === id)?.added;
    return owners.arriving.reduce((n, [name, rows]) => n + (added?.has(`${name}.owner_email`) ? rows : 0), 0);
  };
  const steps = stepsOf(settings, access.length > 0).map(({ id, title }): PlannedStep => {
    const statements = (statementsOf.get(id) ?? []).flatMap((s) => inTheRanges(db, s, ranges));
    const checksum = id === SSO_STEP ? sso.checksum : checksumOf.get(id);
    const isRecorded = checksum === undefined || (recorded.has(id) && statements.length === 0);
    return {
      id,
      title,
      rowsArriving: rowsArriving(id),
      statements,
      checksum: isRecorded ? null : checksum,
    };
  });
  const given = [...owners.assigned].filter(([, rows]) => rows > 0);
  return {
    state,
    steps,
    changed: [...recording.steps.flatMap((s) => s.changed), ...given.map(([name]) => name)],
    schema,
    rowsBefore,
    created: [...(seed?.parts.flatMap((part) => part.created) ?? []), ...sso.changes.map(([line]) => line)],
    assigned: owners.assigned,
    collisions: owners.left,
    seed,
    warnings: [
      ...recording.warnings,
      ...mends.told.map((what) => `${what}.`),
      ...(await besideOthers(db, schema, seed)),
      ...ssoNotes(sso),
    ],
    refusal,
  };
}

/** What is told of single sign-on before anything is written, and that nothing keeps a run from. */
export function ssoNotes({ warnings, stale }: Pick<SsoPlan, 'warnings' | 'stale'>): Text[] {
  return [
    ...warnings.map((line) => `Single sign-on: ${line}.`),
    ...stale.map(
      (id) =>
        advise`Single sign-on: ${staleLine(id)}. To turn it off, run: ${mcpgw('migrate', '--disable-stale')}`,
    ),
  ];
}

/** What somebody should know who mistyped the administrator's address. */
async function besideOthers(db: Connection, schema: Schema, seed: SeedPlan | null): Promise<string[]> {
  const isMade = seed?.parts.some((part) => part.id === 'admin' && part.statements.length > 0) ?? false;
  if (seed === null || !isMade) return [];
  const [first, ...more] = await otherAdmins(db, schema, seed.ownerEmail);
  if (first === undefined) return [];
  const there = [first, ...more].join(', ');
  return [
    `This database has the administrator${more.length === 0 ? '' : 's'} ${there} already; ${seed.ownerEmail} is made beside ${more.length === 0 ? 'it' : 'them'}. ` +
      `If that is a slip, set PLATFORM_ADMIN_EMAIL=${first} before you migrate; an account that was made stays until you deactivate it in the gateway.`,
  ];
}

/** The GatewayError that something ends in; null when it does not. */
async function refusalOf(check: () => Promise<void>): Promise<GatewayError | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/** The checks of `fix` that are about these rows. */
const MENDED_BEFORE = 'foreign-keys.dangling,ownership.unknown-team';

async function recordedSteps(db: Connection, schema: Schema): Promise<ReadonlySet<string>> {
  return new Set((await readHistory(db, schema)).map((row) => row.step));
}

function seedOf(db: Connection, schema: Schema, options: PlanOptions): Promise<SeedPlan | null> {
  const { settings, now, purpose, password } = options;
  return missingSeed(db, schema, {
    email: settings.platformAdminEmail,
    settings,
    now,
    hash: async () =>
      purpose === 'run'
        ? (password ?? hashPassword(settings.platformAdminPassword, settings))
        : { hash: '***', type: settings.passwordHash },
  });
}

/** Refuses what a foreign key of the target would not allow; nothing has been written yet. */
function refuseDangling(dangling: readonly DanglingKey[]): void {
  if (dangling.length === 0) return;
  throw new GatewayError('PREFLIGHT', 'Rows point at rows that do not exist, which v0.7.0 does not allow.', {
    details: dangling.map(
      (d) => `${d.table}.${d.key.column}: ${d.rows} rows without their row in ${d.key.table}`,
    ),
    hint: advise`mcpgw verify --only ${MENDED_BEFORE} shows them.\nMend them, then migrate: ${mcpgw('fix', '--only', MENDED_BEFORE)}\nNothing was changed.`,
  });
}

/**
 * Display names that this database's SQL cannot make. Whether there are any shows when the others are made: to
 * look before would be another scan of all tools.
 */
function unusualNames(db: Connection, schema: Schema): Statement[] {
  const { dialect } = db;
  const misses = dialect.displayNameMisses();
  const key = columnOf(schema.get('tools'), 'id');
  if (misses === null || key === undefined) return [];
  const page = db.compile(sql`
    SELECT id, custom_name, original_name FROM tools
    WHERE id > ${''} AND display_name IS NULL AND (${sql.raw(misses)}) ORDER BY id LIMIT ${PAGE_SIZE}`);
  return [
    {
      sql: dialect.pagedUpdate('tools', key, 'display_name'),
      parameters: ['… display names that SQL cannot make …'],
      counts: 'written',
      table: 'tools',
      paged: {
        select: page.sql,
        pageSize: PAGE_SIZE,
        value: (row) => displayName(row.custom_name as string | null, row.original_name as string | null),
      },
    },
  ];
}

/** Bounds for the large tables that statements write rows of, where the dialect wants ranges. */
async function rangesFor(
  db: Connection,
  statements: readonly Statement[],
  rows: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, readonly unknown[]>> {
  const wanted = db.dialect.ranges;
  const written = new Set(statements.filter((s) => s.paged === undefined).map((s) => s.table ?? ''));
  const ranges = new Map<string, readonly unknown[]>();
  for (const { name } of OWNED_TABLES) {
    if (wanted === null || !written.has(name) || (rows.get(name) ?? 0) <= wanted.size) continue;
    ranges.set(name, await keyRanges(db, name, wanted));
  }
  return ranges;
}

function inTheRanges(
  db: Connection,
  s: Statement,
  ranges: ReadonlyMap<string, readonly unknown[]>,
): Statement[] {
  const bounds = s.table === undefined || s.paged !== undefined ? undefined : ranges.get(s.table);
  return bounds === undefined ? [s] : inRanges(db, s, bounds);
}

function revisionStatements(db: Connection, schema: Schema, state: State): Statement[] {
  if (state.revision === REVISION.v070) return [];
  if (state.revision !== '')
    return [db.compile(sql`UPDATE alembic_version SET version_num = ${REVISION.v070}`)];
  const create = schema.has(VERSION_TABLE) ? [] : [createVersionTable(db)];
  return [...create, db.compile(sql`INSERT INTO alembic_version (version_num) VALUES (${REVISION.v070})`)];
}

/** As Alembic itself makes it, with the name of its primary key. */
function createVersionTable(db: Connection): Statement {
  const { columns } = table(VERSION_TABLE, { version_num: string(32) }, { primaryKey: ['version_num'] });
  const name = db.dialect.quote(columns[0]?.name ?? '');
  return statement(
    `CREATE TABLE ${db.dialect.quote(VERSION_TABLE)} (${name} VARCHAR(32) NOT NULL, ` +
      `CONSTRAINT alembic_version_pkc PRIMARY KEY (${name}))`,
  );
}
