import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { Dialect } from '../database/dialect.ts';
import { isTrue } from '../database/is-true.ts';
import { hexId, insertRow, type Row, written } from '../database/rows.ts';
import type { Statement } from '../database/statement.ts';
import { GatewayError } from '../errors.ts';
import type { Schema } from '../schema/model.ts';
import type { Settings } from '../settings/settings.ts';
import { memberRow, registrationRow, roleRow, teamRow, userRow } from './account-rows.ts';
import { ADMIN_ROLE, DEFAULT_ROLES, jsonList } from './default-roles.ts';
import { readSeedFacts, type SeedFacts } from './facts.ts';
import type { PasswordHash } from './password.ts';
import { type PersonalTeam, personalTeam, personalTeamOf } from './personal-team.ts';

export interface SeedPart {
  readonly id: 'admin' | 'team' | 'membership' | 'roles' | 'assignment';
  readonly statements: readonly Statement[];
  /** What it makes, for the summary; empty when everything is there. */
  readonly created: readonly string[];
}

export interface SeedPlan {
  readonly parts: readonly SeedPart[];
  readonly teamId: string;
  readonly ownerEmail: string;
}

interface SeedInput {
  readonly settings: Pick<Settings, 'platformAdminEmail' | 'platformAdminFullName'>;
  readonly facts: SeedFacts;
  readonly team: PersonalTeam;
  /** Null when the user is there already. */
  readonly password: PasswordHash | null;
  readonly now: Date;
}

/** One thing that every database at v0.7.0 has, each ensured by itself. */
interface Seed {
  readonly id: SeedPart['id'];
  /**
   * SQL that is true where nothing of it is missing, with literals only; with anything unusual it is not, which only
   * means that `missing` takes a closer look.
   *
   * @param email literal of the administrator's
   */
  isThere(email: RawBuilder<unknown>, yes: RawBuilder<unknown>): RawBuilder<unknown>[];
  /** What has to be written, each with what it makes, for the summary; '' for what is not told. */
  missing(seeding: Seeding): (readonly [string, Statement])[];
}

interface Seeding extends SeedInput {
  readonly email: string;
  readonly teamId: string;
  /** By name. */
  readonly roleIds: ReadonlyMap<string, string>;
  /** The moment, and true, as the database has them. */
  readonly at: string;
  readonly yes: unknown;
  write(table: string, query: RawBuilder<unknown>): Statement;
  insert(table: string, row: Row): Statement;
}

const isPersonalTeam = (email: RawBuilder<unknown>, yes: RawBuilder<unknown>) =>
  sql`created_by = ${email} AND is_personal = ${yes} AND is_active = ${yes}`;

const SEEDS: readonly Seed[] = [
  {
    id: 'admin',
    isThere: (email) => [sql`EXISTS (SELECT 1 FROM email_users WHERE email = ${email})`],
    missing({ facts, password, settings, email, now, insert }) {
      if (facts.user !== null) return [];
      if (password === null)
        throw new GatewayError('INTERNAL', 'A user is to be created without a password.');
      const event = registrationRow(email, now);
      const fullName = settings.platformAdminFullName;
      const user = userRow({ email, fullName, isAdmin: true, verifiedAt: now, password }, now);
      return [
        // First, since the user is what a run after an interruption looks for.
        ...(facts.registered ? [] : [['', insert('email_auth_events', event)] as const]),
        [`user ${email}`, insert('email_users', user)],
      ];
    },
  },
  {
    id: 'team',
    isThere: (email, yes) => [
      sql`(SELECT count(*) FROM email_teams WHERE ${isPersonalTeam(email, yes)}) = 1`,
    ],
    missing({ facts, team, teamId, email, now, at, yes, insert, write }) {
      const existing = facts.teams[0];
      if (existing !== undefined) {
        if (isTrue(existing.is_active)) return [];
        const again = sql`UPDATE email_teams SET is_active = ${yes}, updated_at = ${at} WHERE id = ${teamId}`;
        return [[`personal team “${existing.name}” active again`, write('email_teams', again)]];
      }
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
      const row = teamRow({ ...personalTeamOf(email, team, slug), id: teamId }, now);
      return [[`personal team “${team.name}”`, insert('email_teams', row)]];
    },
  },
  {
    id: 'membership',
    isThere: (email, yes) => [
      sql`EXISTS (SELECT 1 FROM email_team_members WHERE user_email = ${email} AND role = 'owner'
      AND is_active = ${yes} AND team_id IN (SELECT id FROM email_teams WHERE ${isPersonalTeam(email, yes)}))`,
    ],
    missing({ facts: { membership }, teamId, email, now, yes, insert, write }) {
      if (membership === null) {
        const row = memberRow(teamId, email, 'owner', null, now);
        return [['membership of the administrator in it, as owner', insert('email_team_members', row)]];
      }
      if (membership.role === 'owner' && isTrue(membership.is_active)) return [];
      const again = sql`UPDATE email_team_members SET role = 'owner', is_active = ${yes} WHERE id = ${membership.id}`;
      return [
        ['membership of the administrator in it: active, as owner', write('email_team_members', again)],
      ];
    },
  },
  {
    id: 'roles',
    isThere: (_email, yes) =>
      DEFAULT_ROLES.map(
        ({ name, scope }) =>
          sql`EXISTS (SELECT 1 FROM roles WHERE name = ${sql.lit(name)} AND scope = ${sql.lit(scope)} AND is_active = ${yes})`,
      ),
    missing: ({ facts, roleIds, email, at, yes, insert }) =>
      DEFAULT_ROLES.filter((role) => !facts.roles.some(isRole(role))).map(
        ({ name, description, scope, permissions }) => {
          const row = {
            id: roleIds.get(name) ?? '',
            name,
            description,
            scope,
            permissions: jsonList(permissions),
            inherits_from: null,
            created_by: email,
            is_system_role: yes,
            is_active: yes,
            created_at: at,
            updated_at: at,
          };
          return [`role ${name}`, insert('roles', row)];
        },
      ),
  },
  {
    id: 'assignment',
    isThere: (email, yes) => [
      sql`EXISTS (SELECT 1 FROM user_roles u JOIN roles r ON r.id = u.role_id WHERE u.user_email = ${email}
      AND u.scope = 'global' AND u.scope_id IS NULL AND u.is_active = ${yes}
      AND r.name = ${sql.lit(ADMIN_ROLE)} AND r.scope = 'global')`,
    ],
    missing({ facts, roleIds, email, now, insert }) {
      if (facts.assignments.length > 0) return [];
      const roleId = roleIds.get(ADMIN_ROLE) ?? '';
      const row = roleRow(randomUUID(), roleId, email, null, email, now);
      return [[`assignment of ${ADMIN_ROLE} to ${email}`, insert('user_roles', row)]];
    },
  },
];

const isRole =
  ({ name, scope }: Pick<(typeof DEFAULT_ROLES)[number], 'name' | 'scope'>) =>
  (row: SeedFacts['roles'][number]) =>
    row.name === name && row.scope === scope;

export interface SeedRequest {
  /** Whose account, team and role it is about. */
  readonly email: string;
  readonly settings: Settings;
  readonly now: Date;
  /** Makes the hash for a user that is missing; null returns no plan for one. */
  readonly hash: (() => Promise<PasswordHash>) | null;
}

/** Reads what is there of the seeds and plans what is missing. */
export async function missingSeed(
  db: Connection,
  schema: Schema,
  { email, settings, now, hash }: SeedRequest,
): Promise<SeedPlan | null> {
  const asked = personalTeam(email, settings.platformAdminFullName, settings);
  const facts = await readSeedFacts(db, schema, email, asked.slugs);
  const account = { platformAdminEmail: email, platformAdminFullName: settings.platformAdminFullName };
  if (facts.user === null) {
    return hash === null
      ? null
      : planSeed(db, { settings: account, facts, team: asked, password: await hash(), now });
  }
  // An existing user keeps its name, and its team is named after that.
  const team = personalTeam(email, facts.user.full_name, settings);
  const slugs =
    team.slugs.join() === asked.slugs.join() ? facts : await readSeedFacts(db, schema, email, team.slugs);
  return planSeed(db, { settings: account, facts: slugs, team, password: null, now });
}

/** What is missing of admin, team, membership, roles and assignment. */
function planSeed(db: Connection, input: SeedInput): SeedPlan {
  const { facts, settings, now } = input;
  const seeding: Seeding = {
    ...input,
    email: settings.platformAdminEmail,
    teamId: facts.teams[0]?.id ?? hexId(),
    roleIds: new Map(
      DEFAULT_ROLES.map((role) => [role.name, facts.roles.find(isRole(role))?.id ?? randomUUID()]),
    ),
    at: db.dialect.timestamp(now),
    yes: db.dialect.boolean(true),
    write: (table, query) => written(db, table, query),
    insert: (table, row) => insertRow(db, table, row),
  };
  const parts = SEEDS.map(({ id, missing }): SeedPart => {
    const found = missing(seeding);
    return {
      id,
      statements: found.map(([, statement]) => statement),
      created: found.map(([what]) => what).filter((what) => what !== ''),
    };
  });
  return { parts, teamId: seeding.teamId, ownerEmail: seeding.email };
}

/** Conditions, without parameters, that hold where every seed is there for this administrator. */
export function seedsAreThere(
  dialect: Pick<Dialect, 'literal' | 'boolean'>,
  email: string,
): RawBuilder<unknown>[] {
  const literal = sql.raw(dialect.literal(email));
  return SEEDS.flatMap(({ isThere }) => isThere(literal, sql.lit(dialect.boolean(true))));
}
