import { describe, expect, it, onTestFinished } from 'vitest';
import { fix } from '../../src/commands/fix.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { rollback } from '../../src/commands/rollback.ts';
import { verify } from '../../src/commands/verify.ts';
import type { Report } from '../../src/report/report.ts';
import { commandRuns } from '../support/command-run.ts';
import { DATABASES, type TestDialect } from '../support/database-kinds.ts';
import type { createDatabase, TestDatabase } from '../support/databases.ts';
import { askDoctor } from '../support/doctor.ts';
import { serverUser } from '../support/server-user.ts';
import { v060Database } from '../support/template.ts';

const WRITE = { format: 'json', color: false, yes: true, lockTimeout: 5, backup: false } as const;

type PerDialect = Readonly<Partial<Record<TestDialect, readonly string[]>>>;

/** A v0.6.0 database of the gateway with what a site has added. */
async function v060With(id: Parameters<typeof createDatabase>[0], ...statements: readonly string[]) {
  const database = await v060Database(id);
  onTestFinished(() => database.drop());
  for (const statement of statements) await database.query(statement);
  const run = commandRuns(database, '/');
  return {
    database,
    migrate: async () => (await run((io) => migrate(io, WRITE))).report,
    plan: async () => (await run((io) => migrate(io, { ...WRITE, dryRun: true }))).report,
    fix: async () => (await run((io) => fix(io, WRITE))).report,
    rollback: async () => (await run((io) => rollback(io, { ...WRITE, discardNewData: true }))).report,
  };
}

const says = ({ error, warnings }: Report) => JSON.stringify([error, warnings]);
const OLD = "'2025-01-02 03:04:05'";
const RELEASED = 'SELECT version_num FROM alembic_version';
const [V060, V070] = ['1fc1795f6983', 'e182847d89e6'];

async function expectRefused(report: Report, database: TestDatabase, release: string, name: string) {
  expect(report.error, JSON.stringify(report)).toMatchObject({ code: 'PREFLIGHT' });
  expect(report.exitCode).toBe(2);
  expect(says(report)).toContain(name);
  expect(await database.query(RELEASED)).toBe(release);
}

const FUNCTION = (body: string) =>
  `CREATE FUNCTION site() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${body} RETURN NEW; END $f$`;

/** A trigger that writes the time of now into the row that is updated. */
const TOUCH: Readonly<Record<TestDialect, readonly string[]>> = {
  sqlite: [
    'CREATE TRIGGER touch AFTER UPDATE ON tools BEGIN UPDATE tools SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id; END',
  ],
  postgresql: [
    FUNCTION('NEW.updated_at := now();'),
    'CREATE TRIGGER touch BEFORE UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION site()',
  ],
  mysql: ['CREATE TRIGGER touch BEFORE UPDATE ON tools FOR EACH ROW SET NEW.updated_at = now()'],
};

/** A trigger that writes a row elsewhere for each one that is updated. */
const AUDIT: Readonly<Record<TestDialect, readonly string[]>> = {
  sqlite: [
    'CREATE TABLE tool_audit (id VARCHAR(36))',
    'CREATE TRIGGER audit AFTER UPDATE ON tools BEGIN INSERT INTO tool_audit VALUES (NEW.id); END',
  ],
  postgresql: [
    'CREATE TABLE tool_audit (id VARCHAR(36))',
    FUNCTION('INSERT INTO tool_audit VALUES (NEW.id);'),
    'CREATE TRIGGER audit AFTER UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION site()',
  ],
  mysql: [
    'CREATE TABLE tool_audit (id VARCHAR(36))',
    'CREATE TRIGGER audit AFTER UPDATE ON tools FOR EACH ROW INSERT INTO tool_audit VALUES (NEW.id)',
  ],
};

/** What refuses a migration: what the site has added, and how the refusal names it. */
const REFUSED: Readonly<Record<string, PerDialect & { readonly named: string }>> = {
  'a view on a column that changes its type': {
    postgresql: ['CREATE VIEW peers AS SELECT name, last_seen FROM gateways'],
    named: 'view peers needs gateways.last_seen',
  },
  'a view on such a column, of which others are made': {
    postgresql: [
      'CREATE SCHEMA report',
      'CREATE VIEW peers AS SELECT name, last_seen FROM gateways',
      'CREATE MATERIALIZED VIEW report.by_day AS SELECT last_seen FROM peers',
      'CREATE VIEW names AS SELECT p.name, p.last_seen FROM peers p, report.by_day, gateways g WHERE g.last_seen IS NULL',
    ],
    named: 'first: DROP VIEW public.names; DROP MATERIALIZED VIEW report.by_day; DROP VIEW public.peers; and',
  },
  'a generated column made of a column that changes its type': {
    postgresql: [
      'ALTER TABLE gateways ADD COLUMN seen_day int GENERATED ALWAYS AS (extract(day FROM last_seen)::int) STORED',
    ],
    named: 'seen_day of table gateways needs gateways.last_seen',
  },
  'a trigger on a column that changes its type': {
    postgresql: [
      FUNCTION(''),
      'CREATE TRIGGER seen AFTER UPDATE OF last_seen ON gateways FOR EACH ROW EXECUTE FUNCTION site()',
    ],
    named: 'trigger seen on table gateways needs gateways.last_seen',
  },
  'a trigger whose definer does not exist': {
    mysql: ["CREATE DEFINER=ghost@'%' TRIGGER lost AFTER UPDATE ON tools FOR EACH ROW SET @a = 1"],
    named: 'trigger lost on tools (definer ghost@%) stops what is written',
  },
  'a trigger on a table that the migration only repairs, whose definer does not exist': {
    mysql: ["CREATE DEFINER=ghost@'%' TRIGGER lost AFTER DELETE ON tool_metrics FOR EACH ROW SET @a = 1"],
    named: 'trigger lost on tool_metrics (definer ghost@%) stops what is written',
  },
  'a routine that a trigger calls, whose definer does not exist': {
    mysql: [
      "CREATE DEFINER=ghost@'%' PROCEDURE p() SET @a = 1",
      'CREATE TRIGGER calls AFTER UPDATE ON tools FOR EACH ROW CALL p()',
    ],
    named: 'procedure p (definer ghost@%) stops what is written',
  },
  'a view that a trigger writes through, whose definer does not exist': {
    mysql: [
      'CREATE TABLE seen (id VARCHAR(36))',
      "CREATE DEFINER=ghost@'%' VIEW seen_ids AS SELECT id FROM seen",
      'CREATE TRIGGER calls AFTER UPDATE ON tools FOR EACH ROW INSERT INTO seen_ids VALUES (NEW.id)',
    ],
    named: 'view seen_ids (definer ghost@%) stops what is written',
  },
  'a trigger on the table that a trigger writes to, whose definer does not exist': {
    mysql: [
      'CREATE TABLE seen (id VARCHAR(36))',
      "CREATE DEFINER=ghost@'%' TRIGGER lost AFTER INSERT ON seen FOR EACH ROW SET @a = 1",
      'CREATE TRIGGER calls AFTER UPDATE ON tools FOR EACH ROW INSERT INTO seen VALUES (NEW.id)',
    ],
    named: 'trigger lost on seen (definer ghost@%) stops what is written',
  },
  'a rule in place of what is written': {
    postgresql: ['CREATE RULE frozen AS ON UPDATE TO tools DO INSTEAD NOTHING'],
    named: 'rule frozen on tools',
  },
  'a published table without a replica identity': {
    postgresql: ['ALTER TABLE tools REPLICA IDENTITY NOTHING', 'CREATE PUBLICATION sites FOR TABLE tools'],
    named: 'tools in publication sites has no replica identity',
  },
  'a replica identity of the unique that goes': {
    postgresql: [
      'ALTER TABLE servers REPLICA IDENTITY USING INDEX servers_name_key',
      'CREATE PUBLICATION sites FOR TABLE servers',
    ],
    named: 'servers in publication sites needs servers (name)',
  },
};

/** What a migration goes on with: `warned` is said, all of it is still there. */
const GOES_ON: Readonly<
  Record<string, PerDialect & { readonly warned?: string; readonly on?: readonly string[] }>
> = {
  'a publication is named, since new tables are not in it': {
    postgresql: ['CREATE PUBLICATION sites FOR TABLE tools, servers'],
    warned: 'publication sites of servers, tools new tables are not in it',
  },
  'a publication of all tables goes on': { postgresql: ['CREATE PUBLICATION sites FOR ALL TABLES'] },
  'what has a definer that does not exist, and is not come to, goes on': {
    mysql: [
      'CREATE TABLE seen (id VARCHAR(36))',
      "CREATE DEFINER=ghost@'%' TRIGGER lost AFTER INSERT ON seen FOR EACH ROW SET @a = 1",
      "CREATE DEFINER=ghost@'%' PROCEDURE p() SET @a = 1",
      "CREATE DEFINER=ghost@'%' PROCEDURE q() SQL SECURITY INVOKER SET @a = 1",
      "CREATE DEFINER=ghost@'%' VIEW seen_ids AS SELECT id FROM seen",
      'CREATE TRIGGER calls AFTER UPDATE ON tools FOR EACH ROW CALL q()',
    ],
    warned: 'trigger calls on tools (definer mcpgw@%) runs for the rows that are updated',
  },
  'a view and a routine on columns that stay go on': {
    sqlite: ['CREATE VIEW names AS SELECT id, name FROM tools'],
    postgresql: ['CREATE VIEW names AS SELECT id, name FROM tools'],
    mysql: [
      'CREATE VIEW names AS SELECT id, name FROM tools',
      'CREATE PROCEDURE p() SELECT count(*) FROM tools',
    ],
  },
  'a foreign key onto the primary key goes on': {
    sqlite: ['CREATE TABLE mine (tool VARCHAR(36) REFERENCES tools (id))'],
    postgresql: ['CREATE TABLE mine (tool VARCHAR REFERENCES tools (id))'],
    mysql: ['CREATE TABLE mine (tool VARCHAR(36), FOREIGN KEY (tool) REFERENCES tools (id))'],
  },
  'a policy that hides nothing from this user goes on': {
    postgresql: ['ALTER TABLE tools ENABLE ROW LEVEL SECURITY', 'CREATE POLICY p ON tools USING (enabled)'],
  },
  'invisible and generated columns go on': {
    mysql: [
      "ALTER TABLE tools ADD COLUMN mark VARCHAR(9) DEFAULT 'x' INVISIBLE, ADD COLUMN shout VARCHAR(255) AS (upper(custom_name)) STORED",
    ],
  },
};

const ontoName: Readonly<Record<TestDialect, readonly string[]>> = {
  sqlite: ['CREATE TABLE srv_owner (server_name VARCHAR(255) REFERENCES servers (name))'],
  postgresql: ['CREATE TABLE srv_owner (server_name VARCHAR(255) REFERENCES servers (name))'],
  mysql: [
    'CREATE TABLE srv_owner (server_name VARCHAR(255), CONSTRAINT to_name FOREIGN KEY (server_name) REFERENCES servers (name))',
  ],
};

describe('What the site has put on the gateway’s tables', () => {
  for (const { id, dialect, available } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      it('a trigger that touches rows: no column changes that the migration does not name', async () => {
        const at = await v060With(id, `UPDATE tools SET updated_at = ${OLD}`, ...TOUCH[dialect]);
        const report = await at.migrate();
        expect(report.exitCode, says(report)).toBe(0);
        if (dialect !== 'sqlite') expect(says(report)).toContain('trigger touch on tools');
        expect(await at.database.query('SELECT count(*) FROM tools WHERE display_name IS NULL')).toBe('0');
        const untouched = `SELECT count(*) FROM tools WHERE updated_at <> ${OLD}`;
        expect(await at.database.query(untouched)).toBe('0');
        await at.database.query("UPDATE tools SET visibility = 'odd'");
        await at.database.query(`UPDATE tools SET updated_at = ${OLD}`);
        const isTouchedBySites = await at.database.query(untouched);
        const repaired = await at.fix();
        expect(repaired.exitCode, says(repaired)).toBe(0);
        expect(await at.database.query("SELECT count(*) FROM tools WHERE visibility = 'odd'")).toBe('0');
        expect(await at.database.query(untouched)).toBe(isTouchedBySites);
        await at.database.query("UPDATE tools SET description = 'x'");
        expect(await at.database.query(untouched), 'the trigger works afterwards').toBe('3');
      });

      it.runIf(dialect === 'mysql')('a trigger that this user may not make is told of', async () => {
        const at = await v060With(id, ...TOUCH[dialect]);
        const rights = 'SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES';
        const runAs = async (privileges: string) => {
          const grants = [`GRANT ${privileges} ON <database>.* TO <user>`];
          return commandRuns(await serverUser(at.database, 'Str0ng-Passw0rd!', grants), '/');
        };
        const [blind, seeing] = [await runAs(rights), await runAs(`${rights}, TRIGGER`)];
        const told = (report: Report) => [
          says(report).includes('triggers of this database cannot be seen by this user'),
          says(report).includes('trigger touch on tools'),
        ];
        // MariaDB tells everybody that a trigger is there.
        const blindly = id === 'mariadb' ? [false, true] : [true, false];
        const dry = (io: Parameters<typeof migrate>[0]) => migrate(io, { ...WRITE, dryRun: true });
        expect(told((await seeing(dry)).report)).toEqual([false, true]);
        expect(told((await blind(dry)).report)).toEqual(blindly);
        const { report } = await blind((io) => migrate(io, WRITE));
        const code = id === 'mariadb' ? 'PERMISSION' : undefined;
        expect([report.error?.code, ...told(report)]).toEqual([code, ...blindly]);
        if (id === 'mariadb') return;
        await at.database.query("UPDATE tools SET visibility = 'odd'");
        const repaired = (await blind((io) => fix(io, WRITE))).report;
        expect([repaired.exitCode, ...told(repaired)]).toEqual([0, ...blindly]);
      });

      it('a trigger that writes elsewhere: its rows are told, and stop nothing', async () => {
        const at = await v060With(id, ...AUDIT[dialect]);
        const report = await at.migrate();
        expect(report.exitCode, says(report)).toBe(0);
        if (dialect !== 'sqlite') expect(says(report)).toContain('tool_audit: 0 rows before, 3 after');
        if (dialect !== 'sqlite') expect(says(report)).toContain('trigger audit on tools');
        await at.database.query("UPDATE tools SET visibility = 'odd'; DELETE FROM tool_audit");
        const repaired = await at.fix();
        expect(repaired.exitCode, says(repaired)).toBe(0);
        expect(says(repaired)).toContain('tool_audit: 0 rows before, 3 after');
      });

      it('a foreign key onto a unique that goes is refused by name, exit 2, nothing changed', async () => {
        const at = await v060With(id, ...ontoName[dialect], "INSERT INTO srv_owner VALUES ('alpha')");
        await expectRefused(await at.migrate(), at.database, V060, 'srv_owner');
        const { status, findings, command } = (await askDoctor(at.database.url)).of('database.site-objects');
        expect(status).toBe('failed');
        expect(command).toMatch(
          dialect === 'sqlite' ? /^$/ : /^ALTER TABLE .*srv_owner.* DROP (CONSTRAINT|FOREIGN KEY) .*;$/,
        );
        expect(findings.join()).toContain('needs servers (name) to be unique');
        await at.database.query('DROP TABLE srv_owner');
        expect((await at.migrate()).exitCode).toBe(0);
      });

      it('rollback and fix refuse a foreign key onto a unique that goes', async () => {
        const at = await v060With(id);
        await at.migrate();
        const again = { sqlite: '', postgresql: '', mysql: '' };
        again.sqlite = 'CREATE UNIQUE INDEX old_rule ON servers (name)';
        again.postgresql = again.mysql = 'ALTER TABLE servers ADD CONSTRAINT old_rule UNIQUE (name)';
        await at.database.query(again[dialect]);
        for (const statement of ontoName[dialect]) await at.database.query(statement);
        await expectRefused(await at.fix(), at.database, V070, 'srv_owner');
        await at.database.query('DROP TABLE srv_owner');
        expect((await at.fix()).exitCode).toBe(0);
        const columns = 'team_id, owner_email, name';
        const key = `FOREIGN KEY (a, b, c) REFERENCES servers (${columns})`;
        await at.database.query(
          `CREATE TABLE srv_team (a VARCHAR(36), b VARCHAR(255), c VARCHAR(255), ${key})`,
        );
        await expectRefused(await at.rollback(), at.database, V070, 'srv_team');
        await at.database.query('DROP TABLE srv_team');
        const view = 'CREATE VIEW by_team AS SELECT team_id, name FROM tools';
        await at.database.query(view);
        await expectRefused(await at.rollback(), at.database, V070, 'view by_team');
        await at.database.query('DROP VIEW by_team');
        const rolledBack = await at.rollback();
        expect(rolledBack.exitCode, says(rolledBack)).toBe(0);
      });

      for (const [name, { named, ...on }] of Object.entries(REFUSED)) {
        const statements = on[dialect];
        if (statements === undefined) continue;
        it(`${name} is refused by name, exit 2, nothing changed`, async () => {
          const at = await v060With(id, ...statements);
          await expectRefused(await at.migrate(), at.database, V060, named);
          const planned = await at.plan();
          expect(planned, says(planned)).toMatchObject({ exitCode: 1, error: null });
          expect(planned.steps.flatMap((step) => step.statements ?? []).length).toBeGreaterThan(10);
          expect(planned.warnings.join()).toContain(named);
          expect(planned.warnings.join().includes('part-way')).toBe(dialect === 'mysql');
          const { of, report } = await askDoctor(at.database.url);
          const { command = '', findings } = of('database.site-objects');
          expect(findings.join()).toContain(named);
          // An account that is not there may better be made than what names it dropped.
          if (named.includes('definer')) return;
          expect(report.next).toBe('mcpgw migrate');
          await at.database.query(command);
          const migrated = await at.migrate();
          expect(migrated.exitCode, says(migrated)).toBe(0);
        });
      }

      for (const [name, { warned, ...on }] of Object.entries(GOES_ON)) {
        const statements = on[dialect];
        if (statements === undefined) continue;
        it(name, async () => {
          const at = await v060With(id, ...statements);
          const report = await at.migrate();
          expect(report.exitCode, says(report)).toBe(0);
          if (warned === undefined) expect(says(report)).not.toContain('database.site-objects');
          else expect(says(report)).toContain(warned);
          const rolledBack = await at.rollback();
          expect(rolledBack.exitCode, says(rolledBack)).toBe(0);
        });
      }

      it.skipIf(dialect !== 'mysql')('a column with ON UPDATE CURRENT_TIMESTAMP keeps its time', async () => {
        const at = await v060With(
          id,
          `UPDATE tools SET updated_at = ${OLD}`,
          'ALTER TABLE tools MODIFY updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP',
        );
        expect((await at.migrate()).exitCode).toBe(0);
        await at.database.query(`UPDATE tools SET visibility = 'odd', team_id = NULL, updated_at = ${OLD}`);
        expect((await at.fix()).exitCode).toBe(0);
        expect(await at.database.query(`SELECT count(*) FROM tools WHERE updated_at = ${OLD}`)).toBe('3');
        expect((await at.rollback()).exitCode).toBe(0);
        expect(await at.database.query('SHOW CREATE TABLE tools')).toMatch(/on update current_timestamp/i);
      });

      it.skipIf(dialect !== 'mysql')(
        'a definer that this user cannot see is noted; fix refuses one that does not exist, exit 2, nothing changed',
        async () => {
          const at = await v060With(
            id,
            "CREATE TRIGGER audit AFTER UPDATE ON tools FOR EACH ROW SET @a = 'tools'",
          );
          const owner = await serverUser(at.database, 'Str0ng-Passw0rd!', 'owner');
          const { report } = await commandRuns(owner, '/')((io) => migrate(io, WRITE));
          expect(report.exitCode, says(report)).toBe(0);
          expect(says(report)).toContain('which this user cannot see');
          await at.database.query("UPDATE tools SET visibility = 'odd'");
          await at.database.query(
            "CREATE DEFINER=ghost@'%' TRIGGER lost BEFORE UPDATE ON tools FOR EACH ROW SET @a = 1",
          );
          await expectRefused(await at.fix(), at.database, V070, 'trigger lost on tools (definer ghost@%)');
          expect(await at.database.query("SELECT count(*) FROM tools WHERE visibility = 'odd'")).toBe('3');
          const rolledBack = await at.rollback();
          expect(rolledBack.exitCode, says(rolledBack)).toBe(0);
        },
      );

      it.skipIf(dialect !== 'postgresql')(
        'a user who may make no trigger is refused beside one that touches rows, nothing changed',
        async () => {
          const at = await v060With(id, ...TOUCH[dialect]);
          await at.migrate();
          await at.database.query("UPDATE tools SET visibility = 'odd'");
          const dml = 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO <user>';
          const user = await serverUser(at.database, 'secret', [dml]);
          const { report } = await commandRuns(
            user,
            '/',
          )((io) => fix(io, { ...WRITE, only: ['ownership.visibility'] }));
          expect(report, says(report)).toMatchObject({ exitCode: 2, error: { code: 'PERMISSION' } });
          expect(says(report)).toContain('trigger touch on tools');
          expect(await at.database.query("SELECT count(*) FROM tools WHERE visibility = 'odd'")).toBe('3');
        },
      );

      it.skipIf(dialect !== 'postgresql')(
        'a trigger that keeps rows from being written is named, nothing changed',
        async () => {
          const skips =
            'CREATE FUNCTION site() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RETURN NULL; END $f$';
          const at = await v060With(
            id,
            skips,
            'CREATE TRIGGER skip BEFORE UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION site()',
          );
          const report = await at.migrate();
          expect(report).toMatchObject({ exitCode: 2, error: { code: 'FAILED' } });
          expect(says(report)).toContain('tools');
          expect(await at.database.query(RELEASED)).toBe(V060);
        },
      );

      it.skipIf(dialect !== 'postgresql')(
        'a policy that hides rows: every command refuses, and nothing is deleted',
        async () => {
          const at = await v060With(id);
          await at.migrate();
          const dml = 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO <user>';
          const user = await serverUser(at.database, 'secret', [dml]);
          await at.database.query(
            `ALTER TABLE tools ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON tools TO ${user.name} USING (id = 't2')`,
          );
          const run = commandRuns(user, '/');
          const rows =
            'SELECT (SELECT count(*) FROM server_tool_association), (SELECT count(*) FROM tool_metrics)';
          const before = await at.database.query(rows);
          for (const command of [fix, rollback, migrate] as const) {
            const { report } = await run((io) => command(io, { ...WRITE, discardNewData: true }));
            expect(report.exitCode, says(report)).toBe(command === fix ? 1 : 2);
            expect(says(report)).not.toContain('INTERNAL');
          }
          expect((await run((io) => verify(io, WRITE))).report.exitCode).not.toBe(0);
          expect((await askDoctor(user.url)).of('database.site-objects').findings.join()).toContain(
            'row-level security of tools',
          );
          expect(await at.database.query(rows)).toBe(before);
        },
      );

      it.skipIf(dialect !== 'postgresql')(
        'rows that break a foreign key that the database has checked are not deleted',
        async () => {
          const at = await v060With(id);
          await at.migrate();
          await at.database.query(
            "SET session_replication_role = replica; DELETE FROM tools WHERE id = 't1'",
          );
          const report = await at.fix();
          expect(report.exitCode).toBe(1);
          expect(JSON.stringify(report.checks)).toContain('drop that constraint first');
          expect(await at.database.query('SELECT count(*) FROM tool_metrics')).toBe('1');
        },
      );

      it.skipIf(id !== 'mariadb')('a system-versioned table is refused by name, exit 2', async () => {
        const at = await v060With(id, 'ALTER TABLE tools ADD SYSTEM VERSIONING');
        await expectRefused(await at.migrate(), at.database, V060, 'system versioning of tools');
        const { of } = await askDoctor(at.database.url);
        await at.database.query(of('database.site-objects').command ?? '');
        expect((await at.migrate()).exitCode).toBe(0);
      });
    });
  }
});
