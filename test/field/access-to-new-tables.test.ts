import { describe, expect, it, onTestFinished } from 'vitest';
import { schemaAccess } from '../../src/checks/schema-access.ts';
import { connect } from '../support/connect.ts';
import { createV060 } from '../support/create-v060.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { createDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { opened } from '../support/migrated-database.ts';
import { fix, verify } from '../support/run-checks.ts';
import { runSql } from '../support/run-sql.ts';
import { type Grants, serverUser } from '../support/server-user.ts';

const DML = 'SELECT, INSERT, UPDATE, DELETE';
const USES = `
  INSERT INTO email_users (email, password_hash, password_hash_type, is_admin, is_active, auth_provider, failed_login_attempts, created_at, updated_at)
    VALUES ('u@corp.example.com', 'x', 'argon2id', false, true, 'local', 0, '2025-01-02 03:04:05', '2025-01-02 03:04:05');
  INSERT INTO token_usage_logs (token_jti, user_email, timestamp, blocked)
    VALUES ('j', 'u@corp.example.com', '2025-01-02 03:04:05', false);
  UPDATE mcpgw_migration SET tool_version = tool_version`;

describe('Who may use the gateway’s tables may use the new ones', () => {
  for (const { id, dialect, available } of DATABASES.filter((kind) => kind.dialect !== 'sqlite')) {
    describe.skipIf(!available)(id, () => {
      const isPostgresql = dialect === 'postgresql';
      /** The gateway's user, and a database that an administrator migrates. */
      const migratedByAdmin = async (grants: Grants) => {
        const database = await createDatabase(id);
        onTestFinished(() => database.drop());
        if (grants !== 'owner') await connect(database, (db) => createV060(db));
        const user = await serverUser(database, 'secret', grants);
        if (grants === 'owner') await connect(user, (db) => createV060(db));
        const { steps } = await migrate(database);
        const gateway = (sql: string) => runSql(dialect, user.url, sql);
        return { database, user, steps: steps.map((step) => step.id), gateway };
      };
      const eachTable = async () => {
        const schema = await createDatabase(id);
        await connect(schema, (db) => createV060(db));
        const tables = await connect(schema, async (db) => [...(await db.dialect.readSchema(db)).keys()]);
        await schema.drop();
        return tables.map((name) => `GRANT ${DML} ON ${name} TO <user>`);
      };

      it.skipIf(!isPostgresql)(
        'an administrator migrates: new tables belong to the owner of the others',
        async () => {
          const { database, gateway, steps, user } = await migratedByAdmin('owner');
          expect(steps).toContain('access');
          await gateway(USES);
          const owners = 'SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = current_schema()';
          expect(await database.query(owners)).toBe(user.name);
          expect((await migrate(user)).changed).toBe(false);
        },
      );

      it('an administrator migrates: new tables carry the grants of the others', async () => {
        const { gateway } = await migratedByAdmin(await eachTable());
        await gateway(USES);
      });

      it('a table that the gateway’s user may not write is found, and fix gives the grant', async () => {
        const { database, user } = await migratedByAdmin(await eachTable());
        const who = isPostgresql ? user.name : `'${user.name}'@'%'`;
        await database.query(`REVOKE INSERT ON email_users FROM ${who}`);
        const [report] = await verify(opened(database.url), [schemaAccess]);
        expect(report).toMatchObject({ status: 'failed', count: 1, fixable: true });
        expect(report?.findings[0]).toBe(`email_users: ${who} may not INSERT`);
        const [seen] = await verify(opened(user.url), [schemaAccess]);
        if (isPostgresql) {
          expect(seen).toMatchObject({ status: 'failed', fixable: false });
          expect(seen?.hint).toContain(`GRANT INSERT ON "email_users" TO "${user.name}";`);
        }
        expect((await fix(opened(database.url), [schemaAccess])).clean).toBe(true);
        await runSql(dialect, user.url, USES);
      });

      it('one user for all: there is nothing to grant', async () => {
        const database = await createDatabase(id);
        onTestFinished(() => database.drop());
        await connect(database, (db) => createV060(db));
        const { steps } = await migrate(database);
        expect(steps.map((step) => step.id)).not.toContain('access');
      });
    });
  }
});
