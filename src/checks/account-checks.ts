import { sql } from 'kysely';
import { inParts } from '../accounts/book.ts';
import type { Connection } from '../database/connection.ts';
import { hexId, insertRows, updateRows } from '../database/rows.ts';
import type { Statement } from '../database/statement.ts';
import { memberRow, teamRow } from '../seed/account-rows.ts';
import { personalTeam, personalTeamOf } from '../seed/personal-team.ts';
import type { CheckContext } from './check.ts';
import { perContext } from './per-context.ts';
import { type Needs, rowCheck } from './row-check.ts';
import { rowLine } from './row-line.ts';

export const ACCOUNTS: Needs = {
  email_users: ['email', 'full_name', 'is_active'],
  email_teams: ['id', 'name', 'is_personal', 'is_active', 'created_by'],
  email_team_members: ['id', 'team_id', 'user_email', 'role', 'joined_at', 'is_active'],
};

interface TeamRow {
  readonly id: string;
  readonly name: string;
}

/** The gateway makes an empty slug of a name without ASCII letters and digits, and only one (CONFIGURATION C1). */
export const emptySlug = rowCheck<TeamRow>({
  id: 'teams.empty-slug',
  title: 'Every team has a slug',
  needs: { email_teams: ['id', 'name', 'slug'] },
  rows: () => sql`SELECT id, name FROM email_teams WHERE slug = ''`,
  line: ({ id, name }) => rowLine('email_teams', id, name, `no slug: it becomes ${slugFor(id)}`),
  repair: (teams, { db }) =>
    teams.flatMap(({ id }) => updateRows(db, 'email_teams', ['id', [id]], { slug: slugFor(id) })),
});

const slugFor = (id: string) => `team-${id.slice(0, 8)}`;

interface Ownerless extends TeamRow {
  /** Who made it, the oldest active member, or the administrator; null where none is an active user. */
  readonly heir: string | null;
}

/** Nobody but administrators can change a team without an owner. The administrator's own is `team.membership`'s. */
export const noOwner = rowCheck<Ownerless>({
  id: 'teams.no-owner',
  title: 'Every team has an owner',
  needs: ACCOUNTS,
  rows({ db, adminEmail }) {
    const yes = db.dialect.boolean(true);
    const active = (email: unknown) =>
      sql`(SELECT u.email FROM email_users u WHERE u.email = ${email} AND u.is_active = ${yes})`;
    const oldest = sql`(SELECT m.user_email FROM email_team_members m JOIN email_users u ON u.email = m.user_email
      WHERE m.team_id = e.id AND m.is_active = ${yes} AND u.is_active = ${yes} ORDER BY m.joined_at, m.id LIMIT 1)`;
    return sql`SELECT e.id, e.name, CASE WHEN e.is_personal = ${yes} THEN ${active(sql`e.created_by`)}
        ELSE coalesce(${active(sql`e.created_by`)}, ${oldest}, ${active(adminEmail)}) END AS heir
      FROM email_teams e WHERE e.is_active = ${yes} AND NOT (e.is_personal = ${yes} AND e.created_by = ${adminEmail})
        AND NOT EXISTS (SELECT 1 FROM email_team_members m WHERE m.team_id = e.id AND m.role = 'owner' AND m.is_active = ${yes})`;
  },
  line: ({ id, name, heir }) =>
    rowLine('email_teams', id, name, heir === null ? 'no owner' : `no owner: ${heir} becomes it`),
  repair: (teams, context) =>
    membersFor(
      context,
      teams.flatMap(({ id, heir }) => (heir === null ? [] : { teamId: id, email: heir })),
      'owner',
    ),
});

/** Whom the repairs planned so far make members: two of them may want the same. */
const joining = perContext(async () => new Set<string>());

/** Statements after which these users are active members of these teams; a row that is there comes back. */
export async function membersFor(
  context: CheckContext,
  asked: readonly { readonly teamId: string; readonly email: string }[],
  role: 'owner' | 'member',
): Promise<Statement[]> {
  const { db, now } = context;
  const planned = await joining(context);
  const wanted = asked.filter(({ teamId, email }) => !planned.has(keyOf(teamId, email)));
  for (const { teamId, email } of wanted) planned.add(keyOf(teamId, email));
  const there = await idsOfMembers(
    db,
    wanted.map(({ teamId }) => teamId),
  );
  const ids = wanted.flatMap(({ teamId, email }) => there.get(keyOf(teamId, email)) ?? []);
  const missing = wanted.filter(({ teamId, email }) => !there.has(keyOf(teamId, email)));
  const rows = missing.map((one) => memberRow(one.teamId, one.email, role, null, now));
  return [
    ...updateRows(db, 'email_team_members', ['id', ids], { role, is_active: true }),
    ...insertRows(db, 'email_team_members', rows),
  ];
}

const keyOf = (teamId: string, email: string) => `${teamId} ${email}`;

async function idsOfMembers(db: Connection, teams: readonly string[]): Promise<Map<string, string>> {
  const rows = await inParts(teams, (some) =>
    db.query<{ id: string; team_id: string; user_email: string }>(
      sql`SELECT id, team_id, user_email FROM email_team_members WHERE team_id IN (${some})`,
    ),
  );
  return new Map(rows.map(({ id, team_id, user_email }) => [keyOf(team_id, user_email), id]));
}

interface Teamless {
  readonly email: string;
  readonly full_name: string | null;
  /** A personal team of theirs that is not active. */
  readonly former: string | null;
}

/**
 * The gateway gives none to the second of two users of one name (CONFIGURATION C4), and what they make then is
 * everybody's at its next start.
 */
export const noPersonalTeam = rowCheck<Teamless>({
  id: 'users.no-personal-team',
  title: 'Every user has a personal team',
  needs: ACCOUNTS,
  rows({ db, adminEmail, settings }) {
    if (!settings.autoCreatePersonalTeams || !settings.emailAuthEnabled) return null;
    const yes = db.dialect.boolean(true);
    return sql`SELECT u.email, u.full_name,
        (SELECT min(f.id) FROM email_teams f WHERE f.created_by = u.email AND f.is_personal = ${yes}) AS former
      FROM email_users u WHERE u.is_active = ${yes} AND u.email <> ${adminEmail} AND NOT EXISTS
        (SELECT 1 FROM email_teams e WHERE e.created_by = u.email AND e.is_personal = ${yes} AND e.is_active = ${yes})`;
  },
  line: ({ email, former }) =>
    `${email}: ${former === null ? 'no personal team' : `the personal team ${former} is not active`}`,
  async repair(users, context) {
    const { db, now, settings } = context;
    const former = users.flatMap(({ former: id, email }) => (id === null ? [] : { teamId: id, email }));
    const made = users.filter(({ former: id }) => id === null);
    const taken = await takenSlugs(context, made);
    const rows = made.map(({ email, full_name }) => {
      const team = personalTeam(email, full_name, settings);
      const id = hexId();
      const slug = team.slugs.find((one) => one !== '' && !taken.has(one)) ?? slugFor(id);
      taken.add(slug);
      return { email, team: teamRow({ ...personalTeamOf(email, team, slug), id }, now) };
    });
    const members = rows.map(({ email, team }) => memberRow(String(team.id), email, 'owner', null, now));
    const again = former.map(({ teamId }) => teamId);
    return [
      ...updateRows(db, 'email_teams', ['id', again], { is_active: true }),
      ...(await membersFor(context, former, 'owner')),
      ...insertRows(
        db,
        'email_teams',
        rows.map(({ team }) => team),
      ),
      ...insertRows(db, 'email_team_members', members),
    ];
  },
});

async function takenSlugs({ db, settings }: CheckContext, users: readonly Teamless[]): Promise<Set<string>> {
  const slugs = users.flatMap(({ email, full_name }) => personalTeam(email, full_name, settings).slugs);
  const rows = await inParts(slugs, (some) =>
    db.query<{ slug: string }>(sql`SELECT slug FROM email_teams WHERE slug IN (${some})`),
  );
  return new Set(rows.map(({ slug }) => slug));
}

/** Whoever deletes a team by hand leaves its members; the gateway makes them inactive (CONFIGURATION C2). */
export const inactiveTeam = rowCheck<{
  readonly id: string;
  readonly user_email: string;
  readonly name: string;
}>({
  id: 'members.inactive-team',
  title: 'No members of deleted teams',
  needs: ACCOUNTS,
  rows({ db }) {
    const yes = db.dialect.boolean(true);
    return sql`SELECT m.id, m.user_email, e.name FROM email_team_members m JOIN email_teams e ON e.id = m.team_id
      WHERE m.is_active = ${yes} AND e.is_active <> ${yes} AND e.is_personal <> ${yes}`;
  },
  line: ({ id, user_email, name }) =>
    rowLine(
      'email_team_members',
      id,
      null,
      `${user_email} is an active member of “${name}”, which is deleted`,
    ),
  repair: (members, { db }) =>
    updateRows(db, 'email_team_members', ['id', members.map(({ id }) => id)], { is_active: false }),
});

interface UnusableRole {
  readonly id: string;
  readonly user_email: string;
  readonly name: string | null;
  readonly scope: string;
  readonly scope_id: string | null;
}

/** What the gateway never finds when it asks what somebody may do (CONFIGURATION C3). */
export const unusableRoles = rowCheck<UnusableRole>({
  id: 'roles.unusable',
  title: 'Roles are given where the gateway looks for them',
  needs: {
    ...ACCOUNTS,
    roles: ['id', 'name', 'scope'],
    user_roles: ['id', 'user_email', 'role_id', 'scope', 'scope_id', 'is_active'],
  },
  rows({ db, adminEmail }) {
    const yes = db.dialect.boolean(true);
    return sql`SELECT u.id, u.user_email, r.name, u.scope, u.scope_id FROM user_roles u
        JOIN roles r ON r.id = u.role_id LEFT JOIN email_teams e ON e.id = u.scope_id AND e.is_active = ${yes}
      WHERE u.is_active = ${yes} AND NOT (u.user_email = ${adminEmail} AND u.scope = 'global' AND u.scope_id IS NULL)
        AND (u.scope <> r.scope OR u.scope NOT IN ('global', 'team', 'personal')
          OR (u.scope = 'team' AND e.id IS NULL) OR (u.scope <> 'team' AND u.scope_id IS NOT NULL))`;
  },
  line: ({ id, user_email, name, scope, scope_id }) =>
    rowLine(
      'user_roles',
      id,
      name,
      `without effect for ${user_email} at ${scope} ${scope_id ?? 'without a team'}`,
    ),
  repair: (rows, { db }) =>
    updateRows(db, 'user_roles', ['id', rows.map(({ id }) => id)], { is_active: false }),
});
