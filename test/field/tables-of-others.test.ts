import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { fix } from '../../src/commands/fix.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { restore } from '../../src/commands/restore.ts';
import { rollback } from '../../src/commands/rollback.ts';
import { releaseSchema } from '../../src/migrate/release-schema.ts';
import { GATEWAY_TABLES } from '../../src/schema/gateway-tables.ts';
import { commandRuns } from '../support/command-run.ts';
import { connect } from '../support/connect.ts';
import { createV060 } from '../support/create-v060.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { askDoctor } from '../support/doctor.ts';
import { type ServerUser, serverUser } from '../support/server-user.ts';

const GLOBAL = { format: 'json', color: false } as const;
const WRITE = { ...GLOBAL, yes: true, dryRun: false, lockTimeout: 5, backup: true } as const;

describe('Tables of others in the gateway’s schema', () => {
  it('the list of the gateway’s tables has every table of v0.7.0', () => {
    expect([...releaseSchema('0.7.0').keys()].filter((name) => !GATEWAY_TABLES.has(name))).toEqual([]);
  });

  for (const { id, available } of DATABASES.filter(({ dialect }) => dialect === 'postgresql')) {
    describe.skipIf(!available)(id, () => {
      let database: TestDatabase;
      let user: ServerUser;
      let folder: string;
      beforeEach(async () => {
        folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
        database = await createDatabase(id);
        onTestFinished(() => database.drop());
        user = await serverUser(database, 'secret', 'owner');
        await connect(user, (db) => createV060(db));
        await database.query(`
          CREATE TABLE dba_table (i SERIAL PRIMARY KEY, t text);
          INSERT INTO dba_table (t) VALUES ('theirs');
          CREATE TABLE dba_policy (i int); ALTER TABLE dba_policy ENABLE ROW LEVEL SECURITY;
          GRANT SELECT ON dba_policy TO ${user.name};
          CREATE TABLE dba_readable (i int); GRANT SELECT ON dba_readable TO ${user.name}`);
      });
      afterEach(() => rmSync(folder, { recursive: true, force: true }));

      it('which this user may not read are left alone, and the backup says that they are not in it', async () => {
        const run = commandRuns(user, folder);
        const doctor = await askDoctor(user.url);
        expect(doctor.of('database.grants')).toMatchObject({ status: 'passed' });
        expect(doctor.of('data.ready')).toMatchObject({ status: 'passed' });
        const migrated = await run((io) => migrate(io, WRITE));
        expect(migrated.report).toMatchObject({ status: 'ok', exitCode: 0 });
        expect(migrated.stderr).toContain('dba_policy, dba_readable, dba_table, dba_table_i_seq');
        const [from = ''] = readdirSync(join(folder, 'mcpgw-backups')).filter((name) =>
          name.endsWith('.json'),
        );
        const manifest = JSON.parse(readFileSync(join(folder, 'mcpgw-backups', from), 'utf8'));
        expect(manifest.notes.leftOut).toBe('dba_policy, dba_readable, dba_table, dba_table_i_seq');
        expect(Object.keys(manifest.rows).filter((name) => name.startsWith('dba_'))).toEqual([]);
        expect((await run((io) => fix(io, WRITE))).report.exitCode).toBe(0);
        expect((await run((io) => rollback(io, WRITE))).report.exitCode).toBe(0);
        const back = { ...WRITE, from: join(folder, 'mcpgw-backups', from), confirm: database.name };
        expect((await run((io) => restore(io, back))).report).toMatchObject({ error: null, exitCode: 0 });
        expect(await database.query('SELECT * FROM dba_table')).toBe('1\ttheirs');
        expect(await database.query('SELECT version_num FROM alembic_version')).toBe('1fc1795f6983');
      });
    });
  }
});
