import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { isTrue } from '../database/is-true.ts';
import { teamUsage } from '../ownership/team-usage.ts';
import type { Schema } from '../schema/model.ts';

export interface TeamRow {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly is_active: unknown;
  readonly visibility: string;
}

export interface RoleRow {
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly permissions: unknown;
  readonly created_at: unknown;
}

/** What is there already of what is seeded. Empty where the tables are not there yet. */
export interface SeedFacts {
  readonly user: {
    readonly email: string;
    readonly full_name: string | null;
    readonly is_admin: unknown;
  } | null;
  /** Whether the event of the administrator's registration is there. */
  readonly registered: boolean;
  /** Personal teams of the administrator: active ones first, of those the one in use, then the oldest. */
  readonly teams: readonly TeamRow[];
  readonly membership: { readonly id: string; readonly role: string; readonly is_active: unknown } | null;
  /** Active roles with the names of the default ones. */
  readonly roles: readonly RoleRow[];
  /** Active global assignments of the administrator's role, while that is active, to the administrator. */
  readonly assignments: readonly {
    readonly id: string;
    readonly role_id: string;
    readonly granted_by: string;
  }[];
  readonly slugs: ReadonlySet<string>;
}

const NOTHING: SeedFacts = {
  user: null,
  registered: false,
  teams: [],
  membership: null,
  roles: [],
  assignments: [],
  slugs: new Set(),
};

/**
 * Reads what is seeded already for this administrator.
 *
 * @param slugs the slugs a new personal team might take
 */
export async function readSeedFacts(
  db: Connection,
  schema: Schema,
  email: string,
  slugs: readonly string[],
): Promise<SeedFacts> {
  if (!schema.has('email_users')) return NOTHING;
  const yes = db.dialect.boolean(true);
  const [user] = await db.query<NonNullable<SeedFacts['user']>>(
    sql`SELECT email, full_name, is_admin FROM email_users WHERE email = ${email}`,
  );
  const has = (...tables: string[]) => tables.every((table) => schema.has(table));
  const events = has('email_auth_events')
    ? await db.query(
        sql`SELECT id FROM email_auth_events WHERE user_email = ${email} AND event_type = 'registration' LIMIT 1`,
      )
    : [];
  const found = has('email_teams')
    ? await db.query<TeamRow>(
        sql`SELECT id, name, slug, is_active, visibility FROM email_teams
            WHERE created_by = ${email} AND is_personal = ${yes} ORDER BY is_active DESC, created_at, id`,
      )
    : [];
  const teams = await inUseFirst(db, schema, found);
  const taken = has('email_teams')
    ? await db.query<{ slug: string }>(
        sql`SELECT slug FROM email_teams WHERE slug IN (${sql.join([...slugs])})`,
      )
    : [];
  const [membership] =
    has('email_team_members') && teams[0] !== undefined
      ? await db.query<NonNullable<SeedFacts['membership']>>(
          sql`SELECT id, role, is_active FROM email_team_members
              WHERE team_id = ${teams[0].id} AND user_email = ${email}`,
        )
      : [];
  const roles = has('roles')
    ? await db.query<RoleRow>(
        sql`SELECT id, name, scope, permissions, created_at FROM roles WHERE is_active = ${yes} ORDER BY created_at, id`,
      )
    : [];
  const assignments = has('roles', 'user_roles')
    ? await db.query<SeedFacts['assignments'][number]>(
        sql`SELECT u.id, u.role_id, u.granted_by FROM user_roles u JOIN roles r ON r.id = u.role_id
            WHERE u.user_email = ${email} AND u.scope = 'global' AND u.scope_id IS NULL AND u.is_active = ${yes}
              AND r.name = 'platform_admin' AND r.scope = 'global' AND r.is_active = ${yes} ORDER BY u.granted_at, u.id`,
      )
    : [];
  return {
    user: user ?? null,
    registered: events.length > 0,
    teams,
    membership: membership ?? null,
    roles,
    assignments,
    slugs: new Set(taken.map((row) => row.slug)),
  };
}

/** Of several active personal teams the one that most belongs to is the one to go on with. */
async function inUseFirst(db: Connection, schema: Schema, teams: readonly TeamRow[]): Promise<TeamRow[]> {
  const active = teams.filter((team) => isTrue(team.is_active));
  if (active.length < 2) return [...teams];
  const uses = new Map<TeamRow, number>();
  for (const team of active) {
    const { rows, others } = await teamUsage(db, schema, team.id);
    uses.set(team, rows + others);
  }
  return teams.toSorted((a, b) => (uses.get(b) ?? -1) - (uses.get(a) ?? -1));
}
