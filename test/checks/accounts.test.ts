import { expect } from 'vitest';
import {
  emptySlug,
  inactiveTeam,
  noOwner,
  noPersonalTeam,
  unusableRoles,
} from '../../src/checks/account-checks.ts';
import { ownerNotInTeam } from '../../src/checks/belonging-checks.ts';
import { describeDefects } from '../support/defects.ts';
import { ADMIN, type MigratedDatabase } from '../support/migrated-database.ts';

const AT = "'2025-08-01 10:00:00'";
const ALICE = 'alice@corp.example.com';
const BOB = 'bob@corp.example.com';

const user = (email: string, fullName: string, active = true) =>
  `INSERT INTO email_users (email, password_hash, full_name, is_admin, is_active, auth_provider, password_hash_type, failed_login_attempts, created_at, updated_at)
   VALUES ('${email}', '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA', '${fullName}', false, ${active}, 'local', 'argon2id', 0, ${AT}, ${AT})`;
const team = (id: string, { by = ADMIN, slug = id, personal = false, active = true } = {}) =>
  `INSERT INTO email_teams (id, name, slug, created_by, is_personal, visibility, created_at, updated_at, is_active)
   VALUES ('${id}', 'Team ${id}', '${slug}', '${by}', ${personal}, 'private', ${AT}, ${AT}, ${active})`;
const member = (teamId: string, email: string, role = 'owner', active = true) =>
  `INSERT INTO email_team_members (id, team_id, user_email, role, joined_at, is_active)
   VALUES ('${teamId}-${email.split('@')[0]}', '${teamId}', '${email}', '${role}', ${AT}, ${active})`;
/** Somebody with a personal team. */
const person = (email: string, name: string) => [
  user(email, name),
  team(`${name}-own`, { by: email, personal: true }),
  member(`${name}-own`, email),
];
const all =
  (...statements: readonly string[]) =>
  ({ database }: MigratedDatabase) =>
    database.query(statements.join(';\n'));
const teams = ({ database }: MigratedDatabase, where: string) =>
  database.query(
    `SELECT name, slug, CASE WHEN is_active THEN 1 ELSE 0 END FROM email_teams WHERE ${where} ORDER BY name, slug`,
  );
const members = ({ database }: MigratedDatabase, where: string) =>
  database.query(
    `SELECT user_email, role, CASE WHEN is_active THEN 1 ELSE 0 END FROM email_team_members WHERE ${where} ORDER BY user_email`,
  );

describeDefects(emptySlug, {
  'gives a team a slug': {
    plant: all(team('0123456789abcdef', { slug: '' }), member('0123456789abcdef', ADMIN)),
    findings: ['email_teams 0123456789abcdef “Team 0123456789abcdef”: no slug: it becomes team-01234567'],
    changes: ['email_teams'],
    after: async (at) =>
      expect(await teams(at, "id = '0123456789abcdef'")).toBe('Team 0123456789abcdef\tteam-01234567\t1'),
  },
});

describeDefects(noOwner, {
  'makes an owner of who made the team, the oldest member, or the administrator': {
    plant: all(
      ...person(ALICE, 'Alice'),
      ...person(BOB, 'Bob'),
      user('gone@corp.example.com', 'Gone', false),
      team('made', { by: ALICE }),
      member('made', ALICE, 'member', false),
      member('made', BOB, 'member'),
      team('inherited', { by: 'gone@corp.example.com' }),
      member('inherited', BOB, 'member'),
      team('left', { by: 'gone@corp.example.com' }),
      team('deleted', { active: false }),
    ),
    findings: [
      `“Team made”: no owner: ${ALICE} becomes it`,
      `“Team inherited”: no owner: ${BOB} becomes it`,
      `“Team left”: no owner: ${ADMIN} becomes it`,
    ],
    changes: ['email_team_members'],
    after: async (at) => {
      expect(await members(at, "team_id = 'made'")).toBe(`${ALICE}\towner\t1\n${BOB}\tmember\t1`);
      expect(await members(at, "team_id = 'inherited'")).toBe(`${BOB}\towner\t1`);
      expect(await members(at, "team_id = 'left'")).toBe(`${ADMIN}\towner\t1`);
    },
  },
  'and of a personal team nobody but whose it is': {
    plant: all(
      user(ALICE, 'Alice'),
      team('own', { by: ALICE, personal: true }),
      member('own', ADMIN, 'member'),
    ),
    findings: [`“Team own”: no owner: ${ALICE} becomes it`],
    changes: ['email_team_members'],
    after: async (at) =>
      expect(await members(at, `team_id = 'own' AND role = 'owner'`)).toBe(`${ALICE}\towner\t1`),
  },
});

describeDefects(noPersonalTeam, {
  'makes one with a slug that is free, or the former one active again': {
    plant: all(
      user(ALICE, 'Alice'),
      user('alice@other.example.com', 'Alice'),
      user('off@corp.example.com', 'Off', false),
      user(BOB, 'Bob'),
      team('former', { by: BOB, personal: true, active: false }),
    ),
    findings: [
      `${ALICE}: no personal team`,
      'alice@other.example.com: no personal team',
      `${BOB}: the personal team former is not active`,
    ],
    changes: ['email_team_members', 'email_teams'],
    after: async (at) => {
      expect(await teams(at, `is_personal AND created_by <> '${ADMIN}'`)).toBe(
        "Alice's Team\talices-team\t1\nAlice's Team\tpersonal-alice-other-example-com\t1\nTeam former\tformer\t1",
      );
      expect(await members(at, "user_email LIKE 'alice%' OR user_email LIKE 'bob%'")).toBe(
        `${ALICE}\towner\t1\nalice@other.example.com\towner\t1\n${BOB}\towner\t1`,
      );
    },
  },
});

describeDefects(inactiveTeam, {
  'ends memberships in teams that are deleted': {
    plant: all(
      ...person(ALICE, 'Alice'),
      team('deleted', { active: false }),
      member('deleted', ALICE),
      member('deleted', ADMIN, 'member', false),
    ),
    findings: [`${ALICE} is an active member of “Team deleted”, which is deleted`],
    changes: ['email_team_members'],
    after: async (at) => expect(await members(at, "team_id = 'deleted' AND is_active")).toBe(''),
  },
});

describeDefects(unusableRoles, {
  'takes away what has no effect': {
    plant: ({ database }) => {
      const role = (id: string, name: string, scope: string, scopeId: string | null) =>
        `INSERT INTO user_roles (id, user_email, role_id, scope, scope_id, granted_by, granted_at, is_active)
         VALUES ('${id}', '${ALICE}', (SELECT r.id FROM roles r WHERE r.name = '${name}'), '${scope}', ${scopeId === null ? 'NULL' : `'${scopeId}'`}, '${ADMIN}', ${AT}, true)`;
      return database.query(
        [
          ...person(ALICE, 'Alice'),
          team('club'),
          member('club', ALICE),
          role('fine', 'developer', 'team', 'club'),
          role('no-team', 'developer', 'team', null),
          role('gone-team', 'viewer', 'team', 'gone'),
          role('too-wide', 'team_admin', 'global', null),
          role('too-narrow', 'platform_admin', 'global', 'club'),
        ].join(';\n'),
      );
    },
    findings: [
      `user_roles no-team “developer”: without effect for ${ALICE} at team without a team`,
      `user_roles gone-team “viewer”: without effect for ${ALICE} at team gone`,
      'user_roles too-wide “team_admin”',
      'user_roles too-narrow “platform_admin”',
    ],
    changes: ['user_roles'],
    after: async ({ database }) =>
      expect(
        await database.query(`SELECT id FROM user_roles WHERE is_active AND user_email = '${ALICE}'`),
      ).toBe('fine'),
  },
});

describeDefects(ownerNotInTeam, {
  'makes owners members, and takes rows out of the personal team of another': {
    plant: all(
      ...person(ALICE, 'Alice'),
      ...person(BOB, 'Bob'),
      team('club'),
      member('club', ADMIN),
      member('club', BOB, 'owner', false),
      `UPDATE tools SET team_id = 'club', owner_email = '${ALICE}' WHERE id = 'tool-1'`,
      `UPDATE prompts SET team_id = 'club', owner_email = '${ALICE}' WHERE id = 1`,
      `UPDATE servers SET team_id = 'club', owner_email = '${BOB}' WHERE id = 'server-1'`,
      `UPDATE gateways SET team_id = 'Alice-own', owner_email = '${BOB}' WHERE id = 'gateway-1'`,
    ),
    findings: [
      `${ALICE} owns 2 rows of “Team club” and is no member of it`,
      `${BOB} owns 1 row of “Team club” and is no member of it`,
      `${BOB} owns 1 row of “Team Alice-own”, the personal team of somebody else`,
    ],
    changes: ['email_team_members', 'gateways'],
    after: async (at) => {
      expect(await members(at, "team_id = 'club'")).toBe(
        `${ADMIN}\towner\t1\n${ALICE}\tmember\t1\n${BOB}\tmember\t1`,
      );
      expect(await at.database.query("SELECT team_id FROM gateways WHERE id = 'gateway-1'")).toBe('Bob-own');
    },
  },
});
