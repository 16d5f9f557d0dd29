import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import type { Settings } from '../settings/settings.ts';
import { ADMIN_ROLE, DEFAULT_ROLES, jsonList } from './default-roles.ts';
import type { SeedFacts } from './facts.ts';
import type { PasswordHash } from './password.ts';
import type { PersonalTeam } from './personal-team.ts';

export interface SeedPart {
  readonly id: 'admin' | 'team' | 'membership' | 'roles' | 'assignment';
  readonly title: string;
  readonly statements: readonly Statement[];
  /** What it makes, for the summary; empty when everything is there. */
  readonly created: readonly string[];
}

export interface SeedPlan {
  readonly parts: readonly SeedPart[];
  readonly teamId: string;
  readonly ownerEmail: string;
}

export interface SeedInput {
  readonly settings: Pick<Settings, 'platformAdminEmail' | 'platformAdminFullName'>;
  readonly facts: SeedFacts;
  readonly team: PersonalTeam;
  /** Null when the user is there already. */
  readonly password: PasswordHash | null;
  readonly now: Date;
}

/** Ids of teams and memberships are UUIDs without hyphens, those of roles and assignments have them. */
const hexId = () => randomUUID().replaceAll('-', '');

/** What is missing of admin, team, membership, roles and assignment, each ensured by itself. */
export function planSeed(db: Connection, { settings, facts, team, password, now }: SeedInput): SeedPlan {
  const email = settings.platformAdminEmail;
  const at = db.dialect.timestamp(now);
  const yes = db.dialect.boolean(true);
  const write = (table: string, query: RawBuilder<unknown>): Statement => ({
    ...db.compile(query),
    counts: 'written',
    table,
  });
  const insert = (table: string, row: Readonly<Record<string, unknown>>): Statement =>
    write(
      table,
      sql`INSERT INTO ${sql.table(table)} (${sql.join(Object.keys(row).map((name) => sql.ref(name)))})
          VALUES (${sql.join(Object.values(row))})`,
    );
  const part = (
    id: SeedPart['id'],
    title: string,
    missing: readonly (readonly [string, Statement])[],
  ): SeedPart => ({
    id,
    title,
    statements: missing.map(([, statement]) => statement),
    created: missing.map(([what]) => what).filter((what) => what !== ''),
  });

  const admin: (readonly [string, Statement])[] = [];
  if (facts.user === null) {
    if (password === null) throw new GatewayError('INTERNAL', 'A user is to be created without a password.');
    // First, since the user is what a run after an interruption looks for.
    if (!facts.registered) {
      admin.push([
        '',
        insert('email_auth_events', {
          timestamp: at,
          user_email: email,
          event_type: 'registration',
          success: yes,
        }),
      ]);
    }
    admin.push([
      `user ${email}`,
      insert('email_users', {
        email,
        password_hash: password.hash,
        full_name: settings.platformAdminFullName,
        is_admin: yes,
        is_active: yes,
        email_verified_at: at,
        auth_provider: 'local',
        password_hash_type: password.type,
        failed_login_attempts: 0,
        locked_until: null,
        created_at: at,
        updated_at: at,
        last_login: null,
      }),
    ]);
  }

  const existing = facts.teams[0];
  const teamId = existing?.id ?? hexId();
  const teams: (readonly [string, Statement])[] = [];
  if (existing === undefined) {
    const slug = team.slugs.find((s) => !facts.slugs.has(s));
    if (slug === undefined) {
      throw new GatewayError(
        'PREFLIGHT',
        `Both slugs of the personal team are taken: ${team.slugs.join(', ')}.`,
        {
          hint: 'Set PERSONAL_TEAM_PREFIX to something else, or rename one of those teams. Nothing was changed.',
        },
      );
    }
    teams.push([
      `personal team “${team.name}”`,
      insert('email_teams', {
        id: teamId,
        name: team.name,
        slug,
        description: team.description,
        created_by: email,
        is_personal: yes,
        visibility: 'private',
        max_members: null,
        created_at: at,
        updated_at: at,
        is_active: yes,
      }),
    ]);
  } else if (!isTrue(existing.is_active)) {
    teams.push([
      `personal team “${existing.name}” active again`,
      write(
        'email_teams',
        sql`UPDATE email_teams SET is_active = ${yes}, updated_at = ${at} WHERE id = ${teamId}`,
      ),
    ]);
  }

  const memberships: (readonly [string, Statement])[] = [];
  if (facts.membership === null) {
    memberships.push([
      'membership of the administrator in it, as owner',
      insert('email_team_members', {
        id: hexId(),
        team_id: teamId,
        user_email: email,
        role: 'owner',
        joined_at: at,
        invited_by: null,
        is_active: yes,
      }),
    ]);
  } else if (facts.membership.role !== 'owner' || !isTrue(facts.membership.is_active)) {
    memberships.push([
      'membership of the administrator in it: active, as owner',
      write(
        'email_team_members',
        sql`UPDATE email_team_members SET role = 'owner', is_active = ${yes} WHERE id = ${facts.membership.id}`,
      ),
    ]);
  }

  const roleIds = new Map<string, string>();
  const roles = DEFAULT_ROLES.flatMap((role): (readonly [string, Statement])[] => {
    const found = facts.roles.find((r) => r.name === role.name && r.scope === role.scope);
    const id = found?.id ?? randomUUID();
    roleIds.set(role.name, id);
    if (found !== undefined) return [];
    const row = {
      id,
      name: role.name,
      description: role.description,
      scope: role.scope,
      permissions: jsonList(role.permissions),
      inherits_from: null,
      created_by: email,
      is_system_role: yes,
      is_active: yes,
      created_at: at,
      updated_at: at,
    };
    return [[`role ${role.name}`, insert('roles', row)]];
  });

  const assignments: (readonly [string, Statement])[] = [];
  if (facts.assignments.length === 0) {
    const row = {
      id: randomUUID(),
      user_email: email,
      role_id: roleIds.get(ADMIN_ROLE) ?? '',
      scope: 'global',
      scope_id: null,
      granted_by: email,
      granted_at: at,
      expires_at: null,
      is_active: yes,
    };
    assignments.push([`assignment of ${ADMIN_ROLE} to ${email}`, insert('user_roles', row)]);
  }

  return {
    parts: [
      part('admin', 'Administrator', admin),
      part('team', 'Personal team', teams),
      part('membership', 'Membership in the personal team', memberships),
      part('roles', 'Default roles', roles),
      part('assignment', 'Role of the administrator', assignments),
    ],
    teamId,
    ownerEmail: email,
  };
}

/** Booleans come back as true, 1 or `1`, by driver. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === '1' || value === 1n;
}
