import { expect, it } from 'vitest';
import { roleAssignment } from '../../src/checks/role-assignment.ts';
import { roles } from '../../src/checks/roles.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { describeDefects, unenforced } from '../support/defects.ts';
import { ADMIN, type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { fix, problems, verify } from '../support/run-checks.ts';

const LATER = "'2099-01-01 00:00:00'";

/** A second role of a name, younger than the first. */
const addRole = (
  { database }: MigratedDatabase,
  id: string,
  name: string,
  scope: string,
  permissions: string,
) =>
  database.query(
    `INSERT INTO roles (id, name, scope, permissions, created_by, is_system_role, is_active, created_at, updated_at)
     VALUES ('${id}', '${name}', '${scope}', '${permissions}', '${ADMIN}', true, true, ${LATER}, ${LATER})`,
  );
const assign = (
  { database }: MigratedDatabase,
  id: string,
  role: string,
  scopeId: string | null,
  more = 'NULL',
) =>
  database.query(
    `INSERT INTO user_roles (id, user_email, role_id, scope, scope_id, granted_by, granted_at, expires_at, is_active)
     VALUES ('${id}', '${ADMIN}', ${role}, '${scopeId === null ? 'global' : 'team'}', ${scopeId === null ? 'NULL' : `'${scopeId}'`}, '${ADMIN}', ${LATER}, ${more}, true)`,
  );
const roleId = (name: string) =>
  `(SELECT r.id FROM roles r WHERE r.name = '${name}' AND r.id NOT LIKE 'second%')`;
const assignments = ({ database }: MigratedDatabase) =>
  database.query(
    `SELECT CASE WHEN u.id LIKE '%-%-%' THEN 'first' ELSE u.id END, r.name, CASE WHEN r.id LIKE 'second%' THEN r.id ELSE 'first' END,
            CASE WHEN u.is_active THEN 1 ELSE 0 END
     FROM user_roles u JOIN roles r ON r.id = u.role_id ORDER BY 1`,
  );
const activeRoles = ({ database }: MigratedDatabase) =>
  database.query('SELECT name FROM roles WHERE is_active ORDER BY name');
const ALL = 'developer\nplatform_admin\nteam_admin\nviewer';

describeDefects(roles, {
  'makes roles that are missing': {
    plant: ({ database }) => database.query("DELETE FROM roles WHERE name IN ('viewer', 'developer')"),
    findings: ['developer (team): missing', 'viewer (team): missing'],
    changes: ['roles'],
    after: async (at) => expect(await activeRoles(at)).toBe(ALL),
  },
  'adds permissions that are missing, and takes none': {
    plant: async ({ database }) => {
      await database.query(
        `UPDATE roles SET permissions = '["teams.join", "mine.own"]' WHERE name = 'viewer'`,
      );
      await database.query(`UPDATE roles SET permissions = '{}' WHERE name = 'developer'`);
    },
    findings: [
      /^viewer \(team\): role \S+ lacks tools\.read, resources\.read, prompts\.read$/,
      /^developer \(team\): role \S+ has no list of permissions$/,
    ],
    changes: ['roles'],
    after: async ({ database }) => {
      const [developer, viewer] = (
        await database.query(
          "SELECT permissions FROM roles WHERE name IN ('viewer', 'developer') ORDER BY name",
        )
      ).split('\n');
      expect(JSON.parse(viewer ?? '')).toEqual([
        'teams.join',
        'mine.own',
        'tools.read',
        'resources.read',
        'prompts.read',
      ]);
      expect(JSON.parse(developer ?? '')).toHaveLength(5);
    },
  },
  'merges another role of the same name': {
    plant: async (at) => {
      await addRole(at, 'second', 'viewer', 'team', '["tools.read"]');
      // Two users' worth of assignments: one that the first role has too, two of the same, one of its own.
      await assign(at, 'both-1', roleId('viewer'), 'a');
      await assign(at, 'both-2', "'second'", 'a');
      await assign(at, 'twice-1', "'second'", 'b');
      await assign(at, 'twice-2', "'second'", 'b');
      await assign(at, 'own', "'second'", 'c');
    },
    findings: ['viewer (team): second is another active role of this name'],
    also: ['roles.unusable'],
    changes: ['roles', 'user_roles'],
    after: async (at) => {
      expect(await activeRoles(at)).toBe(ALL);
      expect(await assignments(at)).toBe(
        [
          'both-1\tviewer\tfirst\t1',
          'first\tplatform_admin\tfirst\t1',
          'own\tviewer\tfirst\t1',
          'twice-1\tviewer\tfirst\t1',
        ].join('\n'),
      );
    },
  },
  'leaves one that gives more to people': {
    plant: (at) => addRole(at, 'second', 'viewer', 'team', '["tools.read", "tools.delete"]'),
    findings: [
      'viewer (team): second is another active role of this name that gives tools.delete, which the first does not',
    ],
    remaining: 1,
  },
});

describeDefects(roleAssignment, {
  'assigns the role': {
    plant: ({ database }) => database.query('DELETE FROM user_roles'),
    findings: [`${ADMIN} is not assigned platform_admin`],
    changes: ['user_roles'],
    after: async (at) => expect(await assignments(at)).toBe('first\tplatform_admin\tfirst\t1'),
  },
  'takes an assignment of an inactive role for none': {
    plant: async (at) => {
      await addRole(at, 'second', 'platform_admin', 'global', '["*"]');
      await at.database.query("UPDATE roles SET is_active = false WHERE id = 'second'");
      await at.database.query("UPDATE user_roles SET role_id = 'second'");
    },
    findings: [`${ADMIN} is not assigned platform_admin`],
    changes: ['user_roles'],
  },
  'keeps one of several, the first that has not expired': {
    plant: async (at) => {
      await at.database.query("UPDATE user_roles SET expires_at = '2020-01-01 00:00:00'");
      await assign(at, 'again', roleId('platform_admin'), null);
      await assign(at, 'more', roleId('platform_admin'), null);
    },
    findings: [
      /^user_roles more: .* is assigned platform_admin already$/,
      /^user_roles \S+-\S+: .* is assigned platform_admin already$/,
    ],
    changes: ['user_roles'],
    after: async (at) => expect(await assignments(at)).toBe('again\tplatform_admin\tfirst\t1'),
  },
  'keeps the active one of two': {
    plant: async (at) => {
      await assign(at, 'again', roleId('platform_admin'), null);
      await at.database.query("UPDATE user_roles SET is_active = false WHERE id <> 'again'");
    },
    findings: [/^user_roles \S+-\S+: .* is assigned platform_admin already$/],
    changes: ['user_roles'],
    after: async (at) => expect(await assignments(at)).toBe('again\tplatform_admin\tfirst\t1'),
  },
  'makes the only one active again': {
    plant: ({ database }) => database.query('UPDATE user_roles SET is_active = false'),
    findings: [/^user_roles \S+: inactive$/],
    changes: ['user_roles'],
    after: async (at) => expect(await assignments(at)).toBe('first\tplatform_admin\tfirst\t1'),
  },
  'renews one that has expired': {
    plant: ({ database }) => database.query("UPDATE user_roles SET expires_at = '2020-01-01 00:00:00'"),
    findings: [/^user_roles \S+: expired$/],
    changes: ['user_roles'],
    after: async ({ database }) =>
      expect(await database.query('SELECT expires_at FROM user_roles')).toBe('NULL'),
  },
  'names the administrator where nobody granted it': {
    plant: unenforced("UPDATE user_roles SET granted_by = 'system'"),
    findings: [/^user_roles \S+: granted by system, who is no user$/],
    also: ['foreign-keys.dangling'],
    changes: ['user_roles'],
    after: async ({ database }) =>
      expect(await database.query('SELECT granted_by FROM user_roles')).toBe(ADMIN),
  },
});

describeEachDatabase('roles.default and roles.assignment', ({ id }) => {
  it('keep the same assignment of two, whichever thins them out', async () => {
    const at = await migratedDatabase(id);
    await addRole(at, 'second', 'platform_admin', 'global', '["*"]');
    await at.database.query("UPDATE user_roles SET expires_at = '2020-01-01 00:00:00'");
    await assign(at, 'again', "'second'", null);
    expect(Object.keys(problems(await verify(at, [roles, roleAssignment])))).toEqual([
      'roles.default',
      'roles.assignment',
    ]);
    expect((await fix(at, [roles, roleAssignment])).clean).toBe(true);
    expect(await assignments(at)).toBe('again\tplatform_admin\tfirst\t1');
    expect((await fix(at, [roles, roleAssignment])).steps).toEqual([]);
  });

  it('make role and assignment in one run where both are missing', async () => {
    const at = await migratedDatabase(id);
    await at.database.query('DELETE FROM user_roles');
    await at.database.query('DELETE FROM roles');
    const result = await fix(at, [roles, roleAssignment]);
    expect(result.clean).toBe(true);
    expect(await activeRoles(at)).toBe(ALL);
    expect(await assignments(at)).toBe('first\tplatform_admin\tfirst\t1');
  });

  it('make the role, too, when only the assignment is asked for', async () => {
    const at = await migratedDatabase(id);
    await at.database.query('DELETE FROM user_roles');
    await at.database.query('DELETE FROM roles');
    expect((await fix(at, [roleAssignment])).clean).toBe(true);
    expect(await assignments(at)).toBe('first\tplatform_admin\tfirst\t1');
  });
});
