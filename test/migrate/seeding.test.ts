import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { verifyPassword } from '../../src/seed/password.ts';
import { connect } from '../support/connect.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { databaseContent, type Rows } from '../support/table-content.ts';
import { v060Database } from '../support/template.ts';
import { ADMIN } from '../support/test-settings.ts';

const SEEDED = ['email_users', 'email_teams', 'email_team_members', 'roles', 'user_roles'];

/** Parts of what is seeded, each with what takes it away along with what depends on it. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  assignment: ['DELETE FROM user_roles'],
  'platform_admin role': ['DELETE FROM user_roles', "DELETE FROM roles WHERE name = 'platform_admin'"],
  'team_admin role': ["DELETE FROM roles WHERE name = 'team_admin'"],
  'developer role': ["DELETE FROM roles WHERE name = 'developer'"],
  'viewer role': ["DELETE FROM roles WHERE name = 'viewer'"],
  membership: ['DELETE FROM email_team_members'],
  team: [
    'DELETE FROM email_team_members',
    'UPDATE tools SET team_id = NULL',
    'UPDATE servers SET team_id = NULL',
    'UPDATE gateways SET team_id = NULL',
    'UPDATE resources SET team_id = NULL',
    'UPDATE prompts SET team_id = NULL',
    'UPDATE a2a_agents SET team_id = NULL',
    'DELETE FROM email_teams',
  ],
  user: [
    'DELETE FROM user_roles',
    'DELETE FROM roles',
    'DELETE FROM email_team_members',
    'UPDATE tools SET team_id = NULL',
    'UPDATE servers SET team_id = NULL',
    'UPDATE gateways SET team_id = NULL',
    'UPDATE resources SET team_id = NULL',
    'UPDATE prompts SET team_id = NULL',
    'UPDATE a2a_agents SET team_id = NULL',
    'DELETE FROM email_teams',
    'DELETE FROM email_users',
  ],
};

type Content = ReadonlyMap<string, Rows>;
const contentOf = async (db: Connection): Promise<Content> =>
  databaseContent(db, await db.dialect.readSchema(db));

/** The seeded rows without their ids, times and salts, which differ each time they are made. */
function seededFacts(content: Content): unknown {
  const rows = (name: string) => [...(content.get(name)?.values() ?? [])];
  const teams = new Map(rows('email_teams').map((row) => [row.id, row.slug]));
  const roles = new Map(rows('roles').map((row) => [row.id, row.name]));
  const without = (row: Readonly<Record<string, string | null>>) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([name]) => name !== 'id' && name !== 'password_hash' && !name.endsWith('_at'))
        .map(([name, value]) => {
          if (name === 'team_id') return [name, teams.get(value) ?? null];
          return name === 'role_id' ? [name, roles.get(value) ?? null] : [name, value];
        }),
    );
  const sorted = (list: unknown[]) => list.map((row) => JSON.stringify(row)).toSorted();
  return Object.fromEntries(SEEDED.map((name) => [name, sorted(rows(name).map(without))]));
}

describeEachDatabase('what is seeded', ({ id, dialect }) => {
  let database: TestDatabase;
  let complete: Content;

  beforeAll(async () => {
    database = await v060Database(id);
    await migrate(database);
    complete = await connect(database, contentOf);
  });
  afterAll(() => database?.drop());

  test('is what COMPATIBILITY §4 says', async () => {
    await connect(database, async (db) => {
      const [user] = await db.query<Record<string, unknown>>(sql`SELECT * FROM email_users`);
      const yes = dialect === 'postgresql' ? true : 1;
      expect(user).toMatchObject({
        email: ADMIN.email,
        full_name: ADMIN.fullName,
        is_admin: yes,
        is_active: yes,
        auth_provider: 'local',
        password_hash_type: 'argon2id',
        failed_login_attempts: 0,
        locked_until: null,
        last_login: null,
      });
      expect(await verifyPassword(String(user?.password_hash), ADMIN.password)).toBe(true);
      expect(user?.email_verified_at).not.toBeNull();

      const [team] = await db.query<Record<string, unknown>>(sql`SELECT * FROM email_teams`);
      expect(team).toMatchObject({
        name: "Dana O'Neil's Team",
        slug: 'dana-oneils-team',
        description: `Personal workspace for ${ADMIN.email}`,
        created_by: ADMIN.email,
        is_personal: yes,
        is_active: yes,
        visibility: 'private',
        max_members: null,
      });
      expect(team?.id).toMatch(/^[0-9a-f]{32}$/);

      const [member] = await db.query<Record<string, unknown>>(sql`SELECT * FROM email_team_members`);
      expect(member).toMatchObject({ role: 'owner', invited_by: null, is_active: yes, team_id: team?.id });
      expect(member?.id).toMatch(/^[0-9a-f]{32}$/);

      const roles = await db.query<Record<string, unknown>>(sql`SELECT * FROM roles ORDER BY name`);
      expect(roles.map((role) => role.name)).toEqual(['developer', 'platform_admin', 'team_admin', 'viewer']);
      for (const role of roles) {
        expect(role.id).toMatch(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
        expect(role).toMatchObject({ created_by: ADMIN.email, is_system_role: yes, inherits_from: null });
      }

      const assignments = await db.query<Record<string, unknown>>(sql`SELECT * FROM user_roles`);
      expect(assignments).toMatchObject([
        {
          user_email: ADMIN.email,
          scope: 'global',
          scope_id: null,
          granted_by: ADMIN.email,
          expires_at: null,
        },
      ]);
      expect(assignments[0]?.role_id).toBe(roles[1]?.id);

      const events = await db.query(sql`SELECT event_type, user_email, success FROM email_auth_events`);
      expect(events).toEqual([{ event_type: 'registration', user_email: ADMIN.email, success: yes }]);
    });
    expect(
      await database.query(
        dialect === 'postgresql'
          ? "SELECT created_at AT TIME ZONE 'UTC' FROM email_users"
          : 'SELECT created_at FROM email_users',
      ),
    ).toBe(
      {
        sqlite: '2026-01-02 03:04:05.678000',
        postgresql: '2026-01-02 03:04:05.678',
        mysql: '2026-01-02 03:04:05',
      }[dialect],
    );
  });

  /** Takes parts away, migrates, and says what differs from the complete database. */
  async function completes(parts: readonly string[]): Promise<void> {
    const before = await connect(database, async (db) => {
      for (const statement of new Set(parts.flatMap((part) => PARTS[part] ?? []))) {
        await db.query(sql.raw(statement));
      }
      return contentOf(db);
    });
    const result = await migrate(database);
    const after = await connect(database, contentOf);
    expect(result.changed).toBe(parts.length > 0);
    expect(result.warnings).toEqual([]);
    expect(result.plan.collisions).toEqual([]);
    expect(seededFacts(after)).toEqual(seededFacts(complete));
    const [team] = after.get('email_teams')?.keys() ?? [];
    for (const [name, rows] of before) {
      if (name === 'mcpgw_migration' || name === 'email_auth_events') continue;
      for (const [key, row] of rows) {
        const expected = row.team_id === null && 'owner_email' in row ? { ...row, team_id: team } : row;
        expect(after.get(name)?.get(key)).toEqual(expected);
      }
    }
    expect((await migrate(database)).changed).toBe(false);
  }

  for (const part of Object.keys(PARTS)) {
    test(`without the ${part}: a run makes it, and changes nothing else`, () => completes([part]));
  }

  test('any combination of missing parts is completed', async () => {
    await fc.assert(fc.asyncProperty(fc.subarray(Object.keys(PARTS).slice(0, 7)), completes), {
      numRuns: dialect === 'sqlite' ? 25 : 2,
    });
  });

  test('an inactive team and a weaker membership are put right', async () => {
    await connect(database, async (db) => {
      const no = db.dialect.boolean(false);
      await db.query(sql`UPDATE email_teams SET is_active = ${no}`);
      await db.query(sql`UPDATE email_team_members SET role = 'member', is_active = ${no}`);
    });
    const result = await migrate(database);
    expect(result.plan.created).toHaveLength(2);
    expect(seededFacts(await connect(database, contentOf))).toEqual(seededFacts(complete));
  });

  test('an existing user keeps its password and its name', async () => {
    await connect(database, (db) =>
      db.query(sql`UPDATE email_users SET full_name = 'Somebody', password_hash = 'h'`),
    );
    expect((await migrate(database)).changed).toBe(false);
    expect(await database.query('SELECT full_name, password_hash FROM email_users')).toBe('Somebody\th');
  });

  test('a taken slug: the team takes the other one', async () => {
    await connect(database, async (db) => {
      await db.query(sql`UPDATE email_teams SET is_personal = ${db.dialect.boolean(false)}`);
      await db.query(sql`UPDATE email_users SET full_name = ${ADMIN.fullName}`);
    });
    await migrate(database);
    expect(await database.query('SELECT slug FROM email_teams ORDER BY created_at, slug')).toBe(
      'dana-oneils-team\npersonal-admin-corp-example-com',
    );
  });
});
