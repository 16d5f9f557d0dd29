import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fix } from '../../src/commands/fix.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { status } from '../../src/commands/status.ts';
import { verify } from '../../src/commands/verify.ts';
import { commandRuns } from '../support/command-run.ts';
import { DATABASES } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { askDoctor } from '../support/doctor.ts';
import { serverUser } from '../support/server-user.ts';
import { v060Database } from '../support/template.ts';

const READ = { format: 'json', color: false, lockTimeout: 5 } as const;
const WRITE = { ...READ, yes: true, backup: false } as const;
const READER = ['SELECT'];
const WRITER = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

describe('A user with few rights is told of nothing that is there', () => {
  for (const { id, available } of DATABASES.filter((kind) => kind.dialect === 'mysql')) {
    describe.skipIf(!available)(id, () => {
      let database: TestDatabase;
      let tables: readonly string[];

      beforeAll(async () => {
        database = await v060Database(id);
        const { report } = await commandRuns(database, '/')((io) => migrate(io, WRITE));
        expect(report.exitCode).toBe(0);
        tables = (await database.query('SHOW TABLES')).split('\n').filter((name) => name !== '');
      });
      afterAll(() => database.drop());

      const onAll = (privileges: readonly string[]) => [
        `GRANT ${privileges.join(', ')} ON <database>.* TO <user>`,
      ];
      const onEach = (privileges: readonly string[]) =>
        tables.map((name) => `GRANT ${privileges.join(', ')} ON <database>.\`${name}\` TO <user>`);

      it.each([
        ['may read the database', () => onAll(READER), false],
        ['may read each table', () => onEach(READER), false],
        ['may write the database', () => onAll(WRITER), true],
        ['may write each table', () => onEach(WRITER), true],
      ] as const)('who %s: verify and status find nothing, nothing is planned', async (_, grants, writes) => {
        const user = await serverUser(database, 'Str0ng-Passw0rd!', grants());
        const run = commandRuns(user, '/');
        const verified = (await run((io) => verify(io, READ))).report;
        const bad = verified.checks.filter((check) => ['failed', 'warned'].includes(check.status));
        expect(bad, JSON.stringify(bad)).toEqual([]);
        expect(verified).toMatchObject({ exitCode: 0, error: null });
        const found = (await run((io) => status(io, READ))).report;
        expect([found.exitCode, found.next]).toEqual([0, 'mcpgw verify']);
        expect(found.steps.filter((step) => step.status !== 'already')).toEqual([]);
        for (const command of [migrate, fix]) {
          const { report } = await run((io) => command(io, WRITE));
          expect(report.exitCode, JSON.stringify(report.error)).toBe(0);
          expect(report.steps.filter((step) => step.status !== 'already')).toEqual([]);
        }
        const doctor = await askDoctor(user.url);
        const lacks = doctor.of('database.grants').findings.join('\n');
        expect(lacks).toContain('mcpgw migrate: lacks');
        expect(lacks).not.toMatch(/verify: lacks/);
        expect(lacks.includes('gateway itself: lacks')).toBe(!writes);
        expect(doctor.of('database.site-objects').status).toBe('passed');
      });

      it('who may read each table: a rule that is another, and a check that is lost, are found', async () => {
        const user = await serverUser(database, 'Str0ng-Passw0rd!', onEach(READER));
        const named = (type: string, table: string) =>
          database.query(
            `SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = database()
             AND TABLE_NAME = '${table}' AND CONSTRAINT_TYPE = '${type}' ORDER BY 1 LIMIT 1`,
          );
        const key = await named('FOREIGN KEY', 'tool_metrics');
        await database.query(`ALTER TABLE tool_metrics DROP FOREIGN KEY ${key}`);
        await database.query(
          'ALTER TABLE tool_metrics ADD FOREIGN KEY (tool_id) REFERENCES tools (id) ON DELETE CASCADE ON UPDATE CASCADE',
        );
        await database.query(
          `ALTER TABLE email_teams DROP CONSTRAINT ${await named('CHECK', 'email_teams')}`,
        );
        const { checks } = (await commandRuns(user, '/')((io) => verify(io, READ))).report;
        const bad = checks.filter(({ status }) => status !== 'passed');
        expect(bad.map(({ id, count }) => [id, count])).toEqual([
          ['schema.foreign-keys', 1],
          ['schema.checks', 1],
        ]);
      });
    });
  }
});
