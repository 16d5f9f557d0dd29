import { sql } from 'kysely';
import { beforeAll, describe, expect, test } from 'vitest';
import { isAtHead } from '../../src/migrate/head.ts';
import { connect } from '../support/connect.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { v060Database } from '../support/template.ts';
import { testSettings } from '../support/test-settings.ts';

/** What the database answers, and the statements it took. */
async function ask(database: TestDatabase, env: Readonly<Record<string, string>> = {}) {
  const { settings } = testSettings(database.url, env);
  const statements: string[] = [];
  const head = await connect(
    database,
    async (db) => {
      statements.length = 0;
      const answer = await isAtHead(db, settings);
      const asked = statements.length;
      // The connection is still good for something else.
      expect(await db.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
      return { answer, asked };
    },
    { access: 'read', onStatement: (text) => statements.push(text) },
  );
  return head;
}

/** Each makes something of a database at v0.7.0 that a migration would change, and takes it back. */
const DEFECTS: Readonly<Record<string, { readonly make: string; readonly undo: string }>> = {
  'another revision': {
    make: "UPDATE alembic_version SET version_num = 'cfc3d6aa0fb2'",
    undo: "UPDATE alembic_version SET version_num = 'e182847d89e6'",
  },
  'two revisions': {
    make: "INSERT INTO alembic_version VALUES ('cfc3d6aa0fb2')",
    undo: "DELETE FROM alembic_version WHERE version_num = 'cfc3d6aa0fb2'",
  },
  'a step that is not recorded': {
    make: "UPDATE mcpgw_migration SET step = 'other' WHERE step = '0002_multi_tenancy_tables'",
    undo: "UPDATE mcpgw_migration SET step = '0002_multi_tenancy_tables' WHERE step = 'other'",
  },
  'an orphan without an owner': {
    make: 'UPDATE prompts SET owner_email = NULL',
    undo: "UPDATE prompts SET owner_email = 'admin@corp.example.com'",
  },
  'a tool without a display name': {
    make: "UPDATE tools SET display_name = NULL WHERE id = 't1'",
    undo: "UPDATE tools SET display_name = 'Get User' WHERE id = 't1'",
  },
  'an inactive personal team': {
    make: 'UPDATE email_teams SET is_active = (1 = 0)',
    undo: 'UPDATE email_teams SET is_active = (1 = 1)',
  },
  'a membership that is not the owner’s': {
    make: "UPDATE email_team_members SET role = 'member'",
    undo: "UPDATE email_team_members SET role = 'owner'",
  },
  'a default role that is missing': {
    make: "UPDATE roles SET name = 'watcher' WHERE name = 'viewer'",
    undo: "UPDATE roles SET name = 'viewer' WHERE name = 'watcher'",
  },
  'a lost table': {
    make: 'ALTER TABLE token_usage_logs RENAME TO other',
    undo: 'ALTER TABLE other RENAME TO token_usage_logs',
  },
  'a lost column': {
    make: 'ALTER TABLE servers RENAME COLUMN visibility TO other',
    undo: 'ALTER TABLE servers RENAME COLUMN other TO visibility',
  },
  'no administrator’s role': {
    make: "UPDATE user_roles SET scope = 'team'",
    undo: "UPDATE user_roles SET scope = 'global'",
  },
};

for (const { id, available } of DATABASES) {
  describe.skipIf(!available)(`isAtHead [${id}]`, () => {
    let database: TestDatabase;

    beforeAll(async () => {
      database = await filled(id);
      await migrate(database);
      return () => database.drop();
    });

    test('a migrated database is, told by one statement', async () => {
      expect(await ask(database)).toEqual({ answer: true, asked: 1 });
    });

    test('another administrator is not there', async () => {
      expect(await ask(database, { PLATFORM_ADMIN_EMAIL: 'eve@corp.example.com' })).toEqual({
        answer: false,
        asked: 1,
      });
    });

    for (const [what, { make, undo }] of Object.entries(DEFECTS)) {
      test(`not with ${what}`, async () => {
        await database.query(make);
        expect(await ask(database)).toEqual({ answer: false, asked: 1 });
        await database.query(undo);
        expect((await ask(database)).answer).toBe(true);
      });
    }

    test('without EMAIL_AUTH_ENABLED seeds and owners do not count', async () => {
      await database.query('UPDATE prompts SET owner_email = NULL');
      expect((await ask(database, { EMAIL_AUTH_ENABLED: 'false' })).answer).toBe(true);
      await database.query("UPDATE prompts SET owner_email = 'admin@corp.example.com'");
    });

    // The last one here: what was recorded cannot be told again.
    test('not with a step that was edited since', async () => {
      await database.query("UPDATE mcpgw_migration SET checksum = 'x' WHERE step = '0003_ownership'");
      expect((await ask(database)).answer).toBe(false);
    });

    test('neither v0.6.0 nor an empty database is, and the question is no error', async () => {
      const other = await filled(id);
      const empty = await createDatabase(id);
      try {
        expect((await ask(other)).answer).toBe(false);
        expect((await ask(empty)).answer).toBe(false);
      } finally {
        await other.drop();
        await empty.drop();
      }
    });
  });
}

async function filled(id: DatabaseId): Promise<TestDatabase> {
  const database = await v060Database(id);
  return database;
}
