import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { OWNED_TABLES, RESTORE_TABLE } from '../schema/gateway-tables.ts';
import { type KindFacts, thingsOf } from '../schema/things.ts';
import { seedsAreThere } from '../seed/plan-seed.ts';
import { planSso, type SsoRequest } from '../seed/plan-sso.ts';
import type { Settings } from '../settings/settings.ts';
import { SEED_STEP, stepChecksums } from './history.ts';
import { FILLED } from './read-facts.ts';
import { releaseSchema } from './release-schema.ts';
import { REVISION } from './state.ts';

/** A table that is locked for longer is waited for the long way round, which ends in who has locked it. */
const TABLE_WAIT_MS = 2_000;

type HeadSettings = Pick<Settings, 'emailAuthEnabled'>;

/**
 * Whether a migration has nothing to do, asked with one statement and no lock, and with another for the rows of single
 * sign-on where that is on: replicas that start at once each run it. A yes is certain as far as the tool's own history, its rows and the catalogue go, which
 * must have all of v0.7.0 and nothing that turns its rows away; anything unusual is a no, which only
 * means that the long way round is taken; so is a table that somebody keeps locked. Every value is a literal,
 * for what bounds that wait takes no parameters. To be called outside of a transaction: where a table is missing the
 * statement fails, and would take the transaction with it.
 */
export async function isAtHead(
  db: Connection,
  settings: Settings,
  { disableStale }: Pick<SsoRequest, 'disableStale'> = {},
): Promise<boolean> {
  const { dialect } = db;
  const conditions = [
    ...revisionIsSingle(),
    stepsAreRecorded(settings),
    ...columnsAreFilled(),
    ...(settings.emailAuthEnabled
      ? [...seedsAreThere(dialect, settings.platformAdminEmail), ...grantersAreUsers(), ...noOrphans()]
      : []),
  ];
  const tables = [...releaseSchema('0.7.0').keys(), RESTORE_TABLE].map((name) => sql.lit(name));
  try {
    const { sql: question } = db.compile(sql`SELECT of_table, thing, rejects FROM (
        SELECT of_table, thing, rejects FROM (${sql.raw(dialect.things)}) things WHERE of_table IN (${sql.join(tables)})
        UNION ALL SELECT '', '', CASE WHEN ${sql.join(conditions, sql` AND `)} THEN 0 ELSE 1 END
      ) answer`);
    const bounded = dialect.boundedQuery(question, TABLE_WAIT_MS);
    if (!isWhole(await db.query<Thing>(sql<Thing>`${sql.raw(bounded)}`), dialect)) return false;
    const { changes, refusal } = await planSso(db, true, { settings, now: new Date(), disableStale });
    return changes.length === 0 && refusal === null;
  } catch {
    // Which error it was comes out again, with advice, as soon as the database is read in full.
    return false;
  }
}

interface Thing {
  readonly of_table: string;
  readonly thing: string;
  readonly rejects: unknown;
}

/** Everything is there that v0.7.0 has, and nothing besides that turns rows away: half of a restore, for one. */
function isWhole(found: readonly Thing[], facts: KindFacts): boolean {
  const wanted = thingsOf(releaseSchema('0.7.0'), facts);
  const known = new Set(wanted.flat());
  const there = new Set(found.map(({ thing }) => thing));
  return (
    wanted.every((texts) => texts.some((text) => there.has(text))) &&
    !found.some(
      ({ of_table, thing, rejects }) =>
        of_table === RESTORE_TABLE || (Number(rejects) !== 0 && !known.has(thing)),
    )
  );
}

type Condition = RawBuilder<unknown>;

function revisionIsSingle(): Condition[] {
  const revision = sql.lit(REVISION.v070);
  return [
    sql`(SELECT count(*) FROM alembic_version) = 1`,
    // To the letter: MySQL compares without regard to case and trailing blanks, the gateway does not.
    sql`EXISTS (SELECT 1 FROM alembic_version WHERE version_num = ${revision}
      AND length(replace(version_num, ${revision}, '')) = 0)`,
  ];
}

/** Each step as it would be run today. */
function stepsAreRecorded({ emailAuthEnabled }: HeadSettings): Condition {
  const steps = [...stepChecksums()].filter(([step]) => emailAuthEnabled || step !== SEED_STEP);
  const recorded = steps.map(
    ([step, checksum]) => sql`(step = ${sql.lit(step)} AND checksum = ${sql.lit(checksum)})`,
  );
  return sql`(SELECT count(DISTINCT step) FROM mcpgw_migration WHERE ${sql.join(recorded, sql` OR `)}) =
    ${sql.lit(steps.length)}`;
}

function columnsAreFilled(): Condition[] {
  return FILLED.map(([table, columns]) => {
    const empty = columns.map((column) => sql`${sql.ref(column)} IS NULL`);
    return sql`NOT EXISTS (SELECT 1 FROM ${sql.table(table)} WHERE ${sql.join(empty, sql` OR `)})`;
  });
}

/** What the gateway writes where foreign keys are not enforced, and a migration mends. */
function grantersAreUsers(): Condition[] {
  return [
    sql`NOT EXISTS (SELECT 1 FROM user_roles u WHERE NOT EXISTS
      (SELECT 1 FROM email_users e WHERE e.email = u.granted_by))`,
  ];
}

/** Two questions rather than one with OR: each has an index that answers it. */
function noOrphans(): Condition[] {
  return OWNED_TABLES.flatMap(({ name }) => [
    sql`NOT EXISTS (SELECT 1 FROM ${sql.table(name)} WHERE team_id IS NULL)`,
    sql`NOT EXISTS (SELECT 1 FROM ${sql.table(name)} WHERE owner_email IS NULL)`,
  ]);
}
