import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { isTrue } from '../database/is-true.ts';
import type { DraftSection } from '../report/report.ts';
import { section } from '../report/section.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { momentOf, type Team, type User } from './book.ts';

type Found = Readonly<Record<string, unknown>>;
type Columns = Readonly<Record<string, (row: Found) => string | number>>;
type Sections = Promise<readonly DraftSection[]>;

const text = (column: string) => (row: Found) => String(row[column] ?? '');
const number = (column: string) => (row: Found) => Number(row[column] ?? 0);
const flag = (column: string, yes: string, no: string) => (row: Found) => (isTrue(row[column]) ? yes : no);
/** To the minute, in UTC. */
const time = (column: string) => (row: Found) =>
  (row[column] ?? null) === null ? '' : momentOf(row[column]).toISOString().slice(0, 16).replace('T', ' ');

const listed = (id: string, title: string, columns: Columns, rows: readonly Found[]) =>
  section(
    id,
    title,
    Object.keys(columns),
    rows.map((row) => Object.values(columns).map((cell) => cell(row))),
  );

/** One row as lines of what and value. */
const told = (id: string, title: string, columns: Columns, row: Found) =>
  section(
    id,
    title,
    ['what', 'value'],
    Object.entries(columns).map(([what, cell]) => [what, cell(row)]),
  );

const kindOf = flag('is_personal', 'personal', 'shared');
const stateOfUser = (row: Found) => {
  if (!isTrue(row.is_active)) return 'inactive';
  return row.locked_until !== null && momentOf(row.locked_until) > new Date() ? 'locked' : 'active';
};

/** How many rows, all tables together, have each value of a column. */
async function resourcesBy(db: Connection, column: 'team_id' | 'owner_email') {
  const counts = new Map<unknown, number>();
  for (const { name } of OWNED_TABLES) {
    const rows = await db.query<{ who: unknown; n: unknown }>(
      sql`SELECT ${sql.ref(column)} AS who, count(*) AS n FROM ${sql.table(name)} GROUP BY ${sql.ref(column)}`,
    );
    for (const { who, n } of rows) counts.set(who, (counts.get(who) ?? 0) + Number(n));
  }
  return counts;
}

/** What belongs to somebody: rows of each table and visibility. */
async function resources(db: Connection, which: RawBuilder<unknown>): Sections {
  const found: Found[] = [];
  for (const { name } of OWNED_TABLES) {
    const rows = await db.query<Found>(
      sql`SELECT ${sql.lit(name)} AS name, visibility, count(*) AS n FROM ${sql.table(name)}
          WHERE ${which} GROUP BY visibility ORDER BY visibility`,
    );
    found.push(...rows);
  }
  const columns = { table: text('name'), visibility: text('visibility'), rows: number('n') };
  return listed('resources', 'What belongs to it', columns, found);
}

/** Roles that are given, not those of memberships. */
const rolesOf = (db: Connection, which: RawBuilder<unknown>) =>
  db.query<{ email: string; role: string; scope: string; team: string | null }>(sql`
    SELECT u.user_email AS email, r.name AS role, u.scope, u.scope_id AS team
    FROM user_roles u JOIN roles r ON r.id = u.role_id
    WHERE u.is_active = ${db.dialect.boolean(true)} AND ${which} ORDER BY u.scope, r.name, u.scope_id`);

/**
 * The teams, by name.
 *
 * @param all personal and deleted ones, too
 */
export async function teamList(db: Connection, all: boolean, withIds: boolean): Sections {
  const yes = db.dialect.boolean(true);
  const which = all ? sql`` : sql` WHERE t.is_active = ${yes} AND t.is_personal <> ${yes}`;
  const rows = await db.query<Found>(sql`
    SELECT t.*, coalesce(m.members, 0) AS members FROM email_teams t LEFT JOIN (
      SELECT team_id, count(*) AS members FROM email_team_members WHERE is_active = ${yes} GROUP BY team_id
    ) m ON m.team_id = t.id${which} ORDER BY t.name, t.id`);
  const counts = await resourcesBy(db, 'team_id');
  const columns: Columns = {
    name: text('name'),
    slug: text('slug'),
    visibility: text('visibility'),
    members: number('members'),
    resources: ({ id }) => counts.get(id) ?? 0,
    ...(all ? { kind: (row) => flag('is_active', kindOf(row), 'deleted')(row) } : {}),
    ...(withIds ? { id: text('id') } : {}),
  };
  if (rows.length > 0 || all) return listed('teams', 'Teams', columns, rows);
  return section('none', 'Teams', [], [['There is none but personal ones, which --all shows.']]);
}

/** One team: what it is, who is in it and what they may do, and what belongs to it. */
export async function teamDetails(db: Connection, { id }: Team): Sections {
  const [team = {}] = await db.query<Found>(sql`SELECT * FROM email_teams WHERE id = ${id}`);
  const members = await db.query<Found>(sql`
    SELECT m.*, u.is_active AS may_log_in, u.is_admin FROM email_team_members m
    LEFT JOIN email_users u ON u.email = m.user_email
    WHERE m.team_id = ${id} ORDER BY m.is_active DESC, m.role DESC, m.user_email`);
  const roles = await rolesOf(db, sql`u.scope = 'team' AND u.scope_id = ${id}`);
  const about: Columns = {
    id: text('id'),
    name: text('name'),
    slug: text('slug'),
    description: text('description'),
    visibility: text('visibility'),
    kind: kindOf,
    state: flag('is_active', 'active', 'deleted'),
    'limit of members': (row) => Number(row.max_members) || 'none',
    'made by': text('created_by'),
    'made (UTC)': time('created_at'),
  };
  const ofMember: Columns = {
    email: text('user_email'),
    role: text('role'),
    'since (UTC)': time('joined_at'),
    'invited by': text('invited_by'),
    state: (row) => flag('is_active', flag('may_log_in', 'active', 'user inactive')(row), 'left')(row),
    permissions: (row) =>
      isTrue(row.is_admin)
        ? 'all (administrator)'
        : roles.flatMap(({ email, role }) => (email === row.user_email ? role : [])).join(', '),
  };
  return [
    ...told('team', 'Team', about, team),
    ...listed('members', 'Members', ofMember, members),
    ...(await resources(db, sql`team_id = ${id}`)),
  ];
}

const MEMBERSHIPS = (db: Connection) => {
  const yes = db.dialect.boolean(true);
  return sql`email_team_members m JOIN email_teams t ON t.id = m.team_id
    WHERE m.is_active = ${yes} AND t.is_active = ${yes}`;
};

/** The users, by email. */
export async function userList(db: Connection): Sections {
  const rows = await db.query<Found>(sql`
    SELECT u.*, coalesce(n.teams, 0) AS teams FROM email_users u LEFT JOIN (
      SELECT m.user_email, count(*) AS teams FROM ${MEMBERSHIPS(db)}
        AND t.is_personal <> ${db.dialect.boolean(true)} GROUP BY m.user_email
    ) n ON n.user_email = u.email ORDER BY u.email`);
  const counts = await resourcesBy(db, 'owner_email');
  const columns: Columns = {
    email: text('email'),
    name: text('full_name'),
    admin: flag('is_admin', 'yes', ''),
    state: stateOfUser,
    teams: number('teams'),
    resources: ({ email }) => counts.get(email) ?? 0,
    login: text('auth_provider'),
    'last login (UTC)': time('last_login'),
  };
  return listed('users', 'Users', columns, rows);
}

/** One user: the account, the teams and what it may do at which, and what belongs to it. */
export async function userDetails(db: Connection, { email }: User): Sections {
  const [user = {}] = await db.query<Found>(sql`SELECT * FROM email_users WHERE email = ${email}`);
  const teams = await db.query<Found>(
    sql`SELECT t.*, m.role, m.joined_at FROM ${MEMBERSHIPS(db)} AND m.user_email = ${email} ORDER BY t.name, t.id`,
  );
  const roles = await rolesOf(db, sql`u.user_email = ${email}`);
  const about: Columns = {
    email: text('email'),
    name: text('full_name'),
    administrator: flag('is_admin', 'yes', 'no'),
    state: stateOfUser,
    'failed logins': number('failed_login_attempts'),
    'locked until (UTC)': time('locked_until'),
    login: text('auth_provider'),
    'last login (UTC)': time('last_login'),
    'made (UTC)': time('created_at'),
  };
  const ofTeam: Columns = {
    name: text('name'),
    slug: text('slug'),
    role: text('role'),
    kind: kindOf,
    'since (UTC)': time('joined_at'),
    permissions: ({ id }) => roles.flatMap(({ team, role }) => (team === id ? role : [])).join(', '),
  };
  const ofRole = { role: text('role'), scope: text('scope'), team: text('team') };
  return [
    ...told('user', 'User', about, user),
    ...listed('teams', 'Teams', ofTeam, teams),
    ...listed('roles', 'Roles', ofRole, roles),
    ...(await resources(db, sql`owner_email = ${email}`)),
  ];
}
