import { sql } from 'kysely';
import { MIGRATIONS } from '../../migrations/index.ts';
import type { Connection } from '../database/connection.ts';
import { inRanges, keyRanges } from '../database/key-ranges.ts';
import { rowCounts } from '../database/row-counts.ts';
import { type Statement, statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import { assignOrphans, findOrphans, type Orphans, ownedTables } from '../ownership/orphans.ts';
import { string, table } from '../schema/define.ts';
import { displayName } from '../schema/display-name.ts';
import { GATEWAY_TABLES, HISTORY_TABLE, OWNED_TABLES, VERSION_TABLE } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import { missingSeed } from '../seed/missing-seed.ts';
import { otherAdmins } from '../seed/other-admins.ts';
import { hashPassword, type PasswordHash } from '../seed/password.ts';
import type { SeedPlan } from '../seed/plan-seed.ts';
import type { Settings } from '../settings/settings.ts';
import type { DanglingKey } from './dangling-mend.ts';
import {
  type HistoryRow,
  historyTable,
  OWNERSHIP_STEP,
  readHistory,
  SEED_STEP,
  stepChecksums,
} from './history.ts';
import { mendsOf, withoutReassigned } from './mends.ts';
import type { Migration, OwnershipValues } from './migration.ts';
import { readPlanFacts } from './read-facts.ts';
import { type RecordFacts, record } from './record.ts';
import { refuseShared } from './refuse-shared.ts';
import { AT_HEAD, REVISION, readRevisions, recogniseState, type State } from './state.ts';

export interface PlannedStep {
  readonly id: string;
  readonly title: string;
  readonly statements: readonly Statement[];
  /** Rows that get their owner as its column arrives, without a statement that writes them. */
  readonly rowsArriving: number;
  /** The checksum to record, for steps that are recorded and were not yet. */
  readonly checksum: string | null;
}

export interface Plan {
  readonly state: State;
  readonly steps: readonly PlannedStep[];
  /** Tables that are there already and change. */
  readonly changed: readonly string[];
  /** What is there. */
  readonly schema: Schema;
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
  readonly warnings: readonly string[];
  /** Why it may not be run, where that was asked for instead of thrown. */
  readonly refusal: GatewayError | null;
}

export interface PlanOptions {
  readonly settings: Settings;
  readonly now: Date;
  /**
   * How much of the database is read. An `outline` tells which steps are pending and how many rows they are
   * about; a plan to `show` has every statement; one to `run` also counts the rows of all tables and hashes
   * the administrator's password, which takes time and memory by design.
   */
  readonly purpose: 'outline' | 'show' | 'run';
  /** The schema that is there, when it was read before. */
  readonly schema?: Schema | undefined;
  /** The hash of the administrator's password, when it was begun before. */
  readonly password?: Promise<PasswordHash> | undefined;
  /** Take v0.6.0 tables without a revision for what they look like. */
  readonly adopt: boolean;
  /** Write the marker of the gateway's own upgrade into `federation_source`. */
  readonly marker: boolean;
  /** Rows that the target does not allow are told in the plan, and not thrown. */
  readonly keepRefusal?: boolean;
}

/** The migration in which rows get their owner and tools their display name. */
const MIGRATION_OF_OWNERSHIP = '0003_ownership';
const ACCESS_STEP = 'access';
/** What the gateway's own upgrade writes (COMPATIBILITY §5). */
const MARKER = 'mcpgateway-0.7.0-migration';
/** Rows that a v0.6.0 gateway showed to everybody stay visible to everybody. */
const FORMER_VISIBILITY = 'public';
const PAGE_SIZE = 10_000;

/**
 * The steps of a run in their order.
 *
 * @param access others use the tables, too, which most gateways have one user for
 */
function stepsOf(
  { emailAuthEnabled }: Pick<Settings, 'emailAuthEnabled'>,
  access = false,
): { id: string; title: string }[] {
  const migrations = (when: Migration['when']) => MIGRATIONS.filter((migration) => migration.when === when);
  return [
    { id: 'history', title: 'Table for our own history' },
    { id: 'mend', title: 'Rows made to fit new constraints' },
    ...migrations('before-seed'),
    ...(emailAuthEnabled ? [{ id: SEED_STEP, title: 'Administrator, personal team, roles' }] : []),
    ...migrations('after-seed'),
    { id: OWNERSHIP_STEP, title: 'Owner and team for rows that lack them' },
    ...(access ? [{ id: ACCESS_STEP, title: 'Owner and grants of new tables, as the tools have them' }] : []),
    { id: 'revision', title: `Revision ${REVISION.v070}` },
  ];
}

/** The plan of a database that is known to be at v0.7.0 with nothing missing: no statement at all. */
export function nothingLeft(settings: Pick<Settings, 'emailAuthEnabled'>): Plan {
  const steps = stepsOf(settings).map(
    ({ id, title }): PlannedStep => ({ id, title, statements: [], rowsArriving: 0, checksum: null }),
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
    warnings: [],
    refusal: null,
  };
}

export function isEmpty(plan: Plan): boolean {
  return plan.steps.every((step) => step.statements.length === 0 && step.checksum === null);
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
  const ownership: OwnershipValues =
    seed === null
      ? { teamId: null, ownerEmail: null, visibility: 'private' }
      : { teamId: seed.teamId, ownerEmail: seed.ownerEmail, visibility: FORMER_VISIBILITY };

  const recording = record(MIGRATIONS, 'up', schema, db.dialect, facts, ownership);
  const assignment =
    seed === null
      ? null
      : {
          teamId: seed.teamId,
          ownerEmail: seed.ownerEmail,
          visibility: FORMER_VISIBILITY,
          // The team may be one that this very run makes, or makes active again.
          admin: { email: seed.ownerEmail, teamId: seed.teamId },
          marker: options.marker ? MARKER : undefined,
        };
  const mends = await mendsOf(db, schema, recording.schema, assignment);
  const refusal = await refusalOf(async () => {
    refuseDangling(mends.left);
    await refuseShared(db, schema, recording, seed !== null);
  });
  if (refusal !== null && options.keepRefusal !== true) throw refusal;

  const orphans: Orphans[] = [];
  const assigned = new Map<string, number>();
  const ownershipStatements: Statement[] = [];
  let arriving = 0;
  for (const owned of OWNED_TABLES) {
    if (assignment === null || !schema.has(owned.name)) continue;
    const here = schema.get(owned.name);
    const hasTeam = columnOf(here, 'team_id') !== undefined;
    const hasOwner = columnOf(here, 'owner_email') !== undefined;
    const rows = rowsBefore.get(owned.name) ?? 0;
    if (!hasTeam && !hasOwner) {
      assigned.set(owned.name, rows);
      arriving += rows;
      if (options.marker && rows > 0) ownershipStatements.push(markAll(db, owned.name));
    } else if (ownedTables(schema).includes(owned) && hasTeam) {
      const found = withoutReassigned(await findOrphans(db, owned, assignment), mends);
      const left = found.collisionCount + found.unresolvable;
      assigned.set(owned.name, found.neither + found.ownerOnly + found.teamOnly - left);
      if (left > 0) orphans.push(found);
      ownershipStatements.push(...assignOrphans(db, found, assignment));
    } else {
      // Half of the columns: which rows lack what shows only once the other half is there.
      const unknown = {
        neither: 1,
        ownerOnly: 1,
        teamOnly: 1,
        collisions: [],
        collisionCount: 0,
        unresolvable: 0,
      };
      ownershipStatements.push(
        ...assignOrphans(db, { table: owned, ...unknown }, assignment, { wary: true }),
      );
    }
  }

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
    ...recording.steps.map(({ migration: { id }, statements }): [string, readonly Statement[]] => [
      id,
      id === MIGRATION_OF_OWNERSHIP
        ? [...mends.teams, ...statements, ...unusualNames(db, schema, facts)]
        : statements,
    ]),
    [SEED_STEP, seed?.parts.flatMap((part) => part.statements) ?? []],
    [OWNERSHIP_STEP, ownershipStatements],
    [ACCESS_STEP, access],
    ['revision', revisionStatements(db, schema, state)],
  ]);
  const ranges =
    options.purpose === 'outline'
      ? new Map<string, readonly unknown[]>()
      : await rangesFor(db, [...statementsOf.values()].flat(), rowsBefore);
  const steps = stepsOf(settings, access.length > 0).map(({ id, title }): PlannedStep => {
    const statements = (statementsOf.get(id) ?? []).flatMap((s) => inTheRanges(db, s, ranges));
    const checksum = checksumOf.get(id);
    const isRecorded = checksum === undefined || (recorded.has(id) && statements.length === 0);
    return {
      id,
      title,
      rowsArriving: id === MIGRATION_OF_OWNERSHIP ? arriving : 0,
      statements,
      checksum: isRecorded ? null : checksum,
    };
  });
  return {
    state,
    steps,
    changed: [...new Set(recording.steps.flatMap((s) => s.changed))],
    schema,
    rowsBefore,
    created: seed?.parts.flatMap((part) => part.created) ?? [],
    assigned,
    collisions: orphans,
    seed,
    warnings: [
      ...recording.warnings,
      ...mends.told.map((what) => `${what}.`),
      ...(await besideOthers(db, schema, seed)),
    ],
    refusal,
  };
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
  const history: readonly HistoryRow[] = await readHistory(db, schema);
  return new Set(history.map((row) => row.step));
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
    hint: `mcpgw verify --only ${MENDED_BEFORE} shows them.\nMend them, then migrate: mcpgw fix --only ${MENDED_BEFORE}\nNothing was changed.`,
  });
}

/**
 * Display names that this database's SQL cannot make. Whether there are any shows when the others are made: to
 * look before would be another scan of all tools.
 */
function unusualNames(db: Connection, schema: Schema, facts: RecordFacts): Statement[] {
  const { dialect } = db;
  const misses = dialect.displayNameMisses();
  const tools = schema.get('tools');
  const key = columnOf(tools, 'id');
  const isNew = columnOf(tools, 'display_name') === undefined;
  if (misses === null || key === undefined) return [];
  if (!isNew && facts.nulls('tools', 'display_name') === 0) return [];
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

function markAll(db: Connection, name: string): Statement {
  return {
    ...db.compile(
      sql`UPDATE ${sql.table(name)} SET federation_source = ${MARKER}${sql.raw(db.dialect.kept(name))} WHERE coalesce(federation_source, '') = ''`,
    ),
    counts: 'written',
    table: name,
  };
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
