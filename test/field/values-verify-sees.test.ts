import { copyFileSync } from 'node:fs';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateSample, trySabotage } from '../../scripts/sabotage/try-sabotage.ts';
import { random } from '../../scripts/sample/random.ts';
import { DATA_CHECKS } from '../../src/checks/data-checks.ts';
import { selectChecks } from '../../src/checks/select.ts';
import { migrate as migrateCommand } from '../../src/commands/migrate.ts';
import { verify as verifyCommand } from '../../src/commands/verify.ts';
import { commandRuns } from '../support/command-run.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { opened } from '../support/migrated-database.ts';
import { fix, verify } from '../support/run-checks.ts';
import { v060Database } from '../support/template.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What a column holds, and what it holds after fix; null where fix leaves it. */
const VALUES: readonly (readonly [column: string, value: string, after: string | null])[] = [
  ['tags', "'{broken'", null],
  ['annotations', "'{''a'': 1}'", '{"a":1}'],
  ['annotations', "''", 'NULL'],
  ['created_at', "'yesterday'", null],
  ['created_at', "'2025-02-30 10:00:00'", null],
  ['created_at', '1750000000', null],
  ['created_at', "'2025/06/01 10:00:00'", '2025-06-01 10:00:00'],
  ['enabled', "'True'", '1'],
  ['enabled', "'maybe'", null],
  ['version', "'one'", null],
  ['description', "x'616263'", null],
];
const READ: readonly (readonly [column: string, value: string])[] = [
  ['annotations', '\'{"a": NaN}\''],
  ['tags', '\'["é"]\''],
  ['created_at', "'2025-06-01T10:00:00+02:00'"],
  ['created_at', "'2025-06-01'"],
];
const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept' } as const;

describe('verify reads what the gateway reads', () => {
  for (const { id, dialect, available } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      let database: TestDatabase;
      let at: ReturnType<typeof opened>;
      beforeAll(async () => {
        database = await v060Database(id);
        await migrate(database);
        at = opened(database.url);
      });
      afterAll(() => database?.drop());
      const checks = selectChecks(DATA_CHECKS, ['values', 'ownership.visibility'], undefined);
      const holds = async (column: string) => database.query(`SELECT ${column} FROM tools WHERE id = 't1'`);
      const set = (column: string, value: string) =>
        at.withConnection((db) => db.query(sql.raw(`UPDATE tools SET ${column} = ${value} WHERE id = 't1'`)));

      if (dialect === 'sqlite') {
        for (const [column, value, after] of VALUES) {
          it(`${column} that holds ${value} is found${after === null ? ', and left to people' : `; fix makes it ${after}`}`, async () => {
            const before = await holds(column);
            await set(column, value);
            const [report] = await verify(at, checks);
            expect(report).toMatchObject({ id: 'values.readable', status: 'failed', count: 1 });
            expect(report?.findings[0]).toMatch(/^tools t1: \w+ is no /);
            const [fixed] = (await fix(at, checks)).checks;
            expect(fixed?.remaining).toBe(after === null ? 1 : 0);
            if (after !== null) expect(await holds(column)).toBe(after);
            await set(column, before === 'NULL' ? 'NULL' : `'${before.replaceAll("'", "''")}'`);
            expect((await verify(at, checks))[0]?.status).toBe('passed');
          });
        }
        for (const [column, value] of READ) {
          it(`${column} that holds ${value} is fine`, async () => {
            const before = await holds(column);
            await set(column, value);
            expect((await verify(at, checks))[0]?.status).toBe('passed');
            await set(column, before === 'NULL' ? 'NULL' : `'${before}'`);
          });
        }
      }

      it.runIf(dialect === 'postgresql')('a year that Python does not know is found', async () => {
        await set('created_at', "'20000-01-01'");
        expect((await verify(at, checks))[0]).toMatchObject({ status: 'failed', count: 1 });
        await set('created_at', "'2025-01-01'");
      });

      it.runIf(dialect === 'mysql')('a date without a month is found', async () => {
        await at.withConnection(async (db) => {
          await db.query(sql`SET SESSION sql_mode = ''`);
          await db.query(sql`UPDATE tools SET created_at = '2025-00-00' WHERE id = 't1'`);
        });
        expect((await verify(at, checks))[0]).toMatchObject({ status: 'failed', count: 1 });
        await set('created_at', "'2025-01-01'");
      });

      it('a visibility in capitals is none, and fix makes it private', async () => {
        await set('visibility', "'Public'");
        const found = (await verify(at, checks)).find((one) => one.id === 'ownership.visibility');
        expect(found).toMatchObject({ status: 'failed', count: 1 });
        expect(found?.findings[0]).toContain('visibility “Public”');
        await fix(at, checks);
        expect(await holds('visibility')).toBe('private');
      });

      it('migrate at v0.7.0 says that something turns rows away, exit 0', async () => {
        await at.withConnection((db) =>
          db.query(sql`CREATE UNIQUE INDEX site ON email_auth_events (event_type)`),
        );
        const run = commandRuns(database, temporaryFolder());
        const { report } = await run((io) => migrateCommand(io, { ...GLOBAL, yes: true }));
        expect(report).toMatchObject({ exitCode: 0, status: 'ok' });
        expect(report.warnings.join()).toContain('schema.hindrances');
        const verified = await run((io) => verifyCommand(io, { ...GLOBAL, only: ['schema'] }));
        expect(verified.report.exitCode).toBe(1);
        await at.withConnection((db) =>
          db.query(sql.raw(`DROP INDEX site${dialect === 'mysql' ? ' ON email_auth_events' : ''}`)),
        );
      });

      it('a tool without a name whose slug is the name of another stops migrate before it writes, exit 2', async () => {
        const other = await v060Database(id);
        try {
          await other.query(
            "UPDATE tools SET name = NULL, custom_name_slug = (SELECT n FROM (SELECT name AS n FROM tools WHERE id = 't1') x) WHERE id = 't2'",
          );
          const run = commandRuns(other, temporaryFolder());
          const { report } = await run((io) => migrateCommand(io, { ...GLOBAL, yes: true, backup: false }));
          expect(report).toMatchObject({ exitCode: 2, error: { code: 'PREFLIGHT' } });
          expect(report.error?.details.join()).toContain(
            'tools (team_id, owner_email, name) is to be unique',
          );
          expect(await other.query("SELECT name FROM tools WHERE id = 't2'")).toBe('NULL');
        } finally {
          await other.drop();
        }
      });
    });
  }
});

describe('No sabotage that matters passes verify', () => {
  describe('sqlite', () => {
    it('25 of them with a fixed seed (more: npm run sabotage)', async () => {
      const whole = await createDatabase('sqlite');
      const copy = await v060Database('sqlite');
      try {
        await migrateSample(whole.url);
        for (let n = 0, tried = 0; tried < 25; n++) {
          copyFileSync(whole.name, copy.name);
          const trial = await trySabotage(copy.url, random(20_261_127 + n));
          if (trial === null) continue;
          tried++;
          expect(trial, `seed ${20_261_127 + n}: ${trial.title}`).toMatchObject({ faults: [] });
        }
      } finally {
        await whole.drop();
        await copy.drop();
      }
    });
  });
});
