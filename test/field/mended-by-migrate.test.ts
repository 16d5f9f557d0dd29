import { describe, expect, it } from 'vitest';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import { columnOf } from '../../src/schema/model.ts';
import { DATABASES } from '../support/databases.ts';
import { changing, unenforced } from '../support/defects.ts';
import { migrate } from '../support/migrate.ts';
import { ADMIN, type MigratedDatabase, migratedDatabase, opened } from '../support/migrated-database.ts';
import { problems, verify } from '../support/run-checks.ts';

/** Takes foreign keys away, as the gateway's own upgrade leaves them out, and plants rows that they would refuse. */
async function plant(at: MigratedDatabase, keys: Readonly<Record<string, readonly string[]>>, sql: string) {
  const drops = Object.entries(keys).map(([table, dropForeignKeys]) => [table, { dropForeignKeys }] as const);
  await changing(...drops)(at);
  await unenforced(sql)(at);
}

const failing = async (url: string) =>
  Object.values(problems(await verify(opened(url), DATA_CHECKS)))
    .filter(({ status }) => status !== 'warned')
    .map(({ id, findings }) => [id, findings]);

describe('What fix repairs without loss does not stop migrate', () => {
  for (const { id, available, dialect } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      it('roles made by Admin@Corp and an assignment granted by system name the administrator, and migrate says so', async () => {
        const at = await migratedDatabase(id);
        const { database } = at;
        // Where capitals make no difference to the database, the row points at the administrator already.
        const other = dialect === 'mysql' ? 'nobody@corp.example.com' : 'Admin@Corp.Example.com';
        await plant(
          at,
          { roles: ['created_by'], user_roles: ['granted_by'] },
          `UPDATE roles SET created_by = '${other}'; UPDATE user_roles SET granted_by = 'system'`,
        );
        const result = await migrate(database, { env: { PLATFORM_ADMIN_EMAIL: ADMIN } });
        expect(result.warnings).toEqual([
          '1 role assignment granted by somebody who is no user: it names its own user instead.',
          `roles: 4 rows without email_users: created_by becomes the same user in lower case, else ${ADMIN}.`,
        ]);
        expect(await database.query('SELECT DISTINCT created_by FROM roles')).toBe(ADMIN);
        expect(await database.query('SELECT DISTINCT granted_by FROM user_roles')).toBe(ADMIN);
        expect(await failing(database.url)).toEqual([]);
      });

      it('with an administrator who is yet to be made, one who is there takes the place', async () => {
        const at = await migratedDatabase(id);
        const { database } = at;
        await plant(at, { roles: ['created_by'] }, "UPDATE roles SET created_by = 'gone@corp.example.com'");
        await migrate(database, { env: { PLATFORM_ADMIN_EMAIL: 'new@corp.example.com' } });
        expect(await database.query('SELECT DISTINCT created_by FROM roles')).toBe(ADMIN);
      });

      it('tools of a team that does not exist go to the team of their owner, and what names nobody is emptied', async () => {
        const at = await migratedDatabase(id);
        const { database } = at;
        await plant(
          at,
          { tools: ['team_id'], email_team_members: ['invited_by'] },
          "UPDATE tools SET team_id = 'gone', owner_email = CASE WHEN id = 'tool-1' THEN owner_email END; UPDATE email_team_members SET invited_by = 'gone@corp.example.com'",
        );
        const result = await migrate(database, { env: { PLATFORM_ADMIN_EMAIL: ADMIN } });
        expect(result.warnings.toSorted()).toEqual([
          'email_team_members: 1 row without email_users: invited_by is emptied.',
          'tools: 2 rows of teams that do not exist: given to their owner’s team.',
        ]);
        expect(
          await database.query(
            'SELECT count(*), min(owner_email), min(visibility) FROM tools WHERE team_id IN (SELECT id FROM email_teams)',
          ),
        ).toBe(`2\t${ADMIN}\tpublic`);
        expect(await failing(database.url)).toEqual([]);
      });

      it('prompts without a visibility become private, where half an upgrade let them have none', async () => {
        const at = await migratedDatabase(id);
        const { database } = at;
        await at.withConnection(async (db) => {
          const visibility = columnOf((await db.dialect.readSchema(db)).get('prompts'), 'visibility');
          if (visibility === undefined) throw new Error('no column');
          await changing(['prompts', { alterColumns: [{ ...visibility, nullable: true }] }])(at);
        });
        await database.query('UPDATE prompts SET visibility = NULL WHERE id = 1');
        await database.query("UPDATE alembic_version SET version_num = 'cfc3d6aa0fb2'");
        const result = await migrate(database, { env: { PLATFORM_ADMIN_EMAIL: ADMIN } });
        expect(result.warnings).toEqual(['prompts: 1 row without a visibility: private from now on.']);
        expect(await database.query('SELECT visibility FROM prompts ORDER BY id')).toBe('private\npublic');
        expect(await failing(database.url)).toEqual([]);
      });
    });
  }
});
