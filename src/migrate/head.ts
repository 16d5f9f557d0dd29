import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { OWNED_TABLES, RESTORE_TABLE } from '../schema/gateway-tables.ts';
import { thingsOf } from '../schema/things.ts';
import { ADMIN_ROLE, DEFAULT_ROLES } from '../seed/default-roles.ts';
import type { Settings } from '../settings/settings.ts';
import { SEED_STEP, stepChecksums } from './history.ts';
import { releaseSchema } from './release-schema.ts';
import { REVISION } from './state.ts';

/** A table that is locked for longer is waited for the long way round, which ends in who has locked it. */
const TABLE_WAIT_MS = 2_000;

type HeadSettings = Pick<Settings, 'emailAuthEnabled' | 'platformAdminEmail'>;

/**
 * Whether a migration has nothing to do, asked with one statement and no lock: replicas that start at once
 * each run it. A yes is certain as far as the tool's own history, its rows and the catalogue go, which
 * must have all of v0.7.0 and nothing that turns its rows away; anything unusual is a no, which only
 * means that the long way round is taken; so is a table that somebody keeps locked. Every value is a literal,
 * for what bounds that wait takes no parameters. To be called outside of a transaction: where a table is missing the
 * statement fails, and would take the transaction with it.
 */
export async function isAtHead(db: Connection, settings: HeadSettings): Promise<boolean> {
  const conditions = [
    ...revisionIsSingle(),
    stepsAreRecorded(settings),
    ...toolsAreNamed(),
    ...(settings.emailAuthEnabled ? [...seedsAreThere(db, settings.platformAdminEmail), ...noOrphans()] : []),
    schemaIsWhole(db),
  ];
  try {
    const { sql: question } = db.compile(
      sql`SELECT CASE WHEN ${sql.join(conditions, sql` AND `)} THEN 1 ELSE 0 END AS head`,
    );
    const bounded = db.dialect.boundedQuery(question, TABLE_WAIT_MS);
    const [row] = await db.query<{ head: unknown }>(sql<{ head: unknown }>`${sql.raw(bounded)}`);
    return Number(row?.head) === 1;
  } catch {
    // Which error it was comes out again, with advice, as soon as the database is read in full.
    return false;
  }
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

function toolsAreNamed(): Condition[] {
  return [sql`NOT EXISTS (SELECT 1 FROM tools WHERE display_name IS NULL OR name IS NULL)`];
}

/** Everything is there that v0.7.0 has, and nothing besides that turns rows of the gateway away. */
function schemaIsWhole({ dialect }: Connection): Condition {
  const target = releaseSchema('0.7.0');
  const wanted = thingsOf(target, dialect);
  // Half of a restore is one thing too many.
  const list = (texts: Iterable<string>) =>
    sql.raw([...texts].map((text) => dialect.literal(text)).join(', '));
  return sql`(SELECT count(DISTINCT CASE WHEN is_wanted THEN thing END)
      - count(CASE WHEN of_table = ${sql.lit(RESTORE_TABLE)}
          OR rejects = 1 AND NOT is_wanted AND of_table IN (${list(target.keys())}) THEN 1 END)
    FROM (SELECT of_table, thing, rejects, thing IN (${list(wanted.flat())}) AS is_wanted
      FROM (${sql.raw(dialect.things)}) things) judged) = ${sql.lit(wanted.length)}`;
}

/** As `planSeed` wants them; with two personal teams it takes a closer look. */
function seedsAreThere({ dialect }: Connection, admin: string): Condition[] {
  const email = sql.raw(dialect.literal(admin));
  const yes = sql.lit(dialect.boolean(true));
  const team = sql`created_by = ${email} AND is_personal = ${yes} AND is_active = ${yes}`;
  return [
    sql`EXISTS (SELECT 1 FROM email_users WHERE email = ${email})`,
    sql`(SELECT count(*) FROM email_teams WHERE ${team}) = 1`,
    sql`EXISTS (SELECT 1 FROM email_team_members WHERE user_email = ${email} AND role = 'owner'
      AND is_active = ${yes} AND team_id IN (SELECT id FROM email_teams WHERE ${team}))`,
    ...DEFAULT_ROLES.map(
      ({ name, scope }) =>
        sql`EXISTS (SELECT 1 FROM roles WHERE name = ${sql.lit(name)} AND scope = ${sql.lit(scope)} AND is_active = ${yes})`,
    ),
    sql`EXISTS (SELECT 1 FROM user_roles u JOIN roles r ON r.id = u.role_id WHERE u.user_email = ${email}
      AND u.scope = 'global' AND u.scope_id IS NULL AND u.is_active = ${yes}
      AND r.name = ${sql.lit(ADMIN_ROLE)} AND r.scope = 'global')`,
    // What the gateway writes where foreign keys are not enforced, and a migration mends.
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
