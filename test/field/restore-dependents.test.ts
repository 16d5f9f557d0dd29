import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../src/commands/migrate.ts';
import { restore } from '../../src/commands/restore.ts';
import { backUp, contentOf, v060Database } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { commandRuns } from '../support/command-run.ts';
import { DATABASES, type DatabaseKind } from '../support/database-kinds.ts';
import { createDatabase } from '../support/databases.ts';
import { askDoctor } from '../support/doctor.ts';

/** What comes back with the backup, though it depends on tables that go, and on one another. */
const INSIDE = [
  'CREATE VIEW names AS SELECT id, name FROM tools',
  'CREATE MATERIALIZED VIEW many AS SELECT count(*) AS n FROM names',
  'CREATE VIEW more AS SELECT n + 1 AS n FROM many',
  "CREATE FUNCTION label(tools) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$",
  'CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
  "CREATE TYPE mood AS ENUM ('good')",
];

/** What is outside of it, by the statement that drops it, in the order in which that works. */
const OUTSIDE: Readonly<
  Record<string, { readonly made: readonly string[]; readonly dropped: readonly string[] }>
> = {
  'a view in another schema, and a materialized view of it': {
    made: [
      'CREATE VIEW report.gw AS SELECT g.name, t.id FROM gateways g JOIN tools t ON t.gateway_id = g.id',
      'CREATE MATERIALIZED VIEW report.daily AS SELECT count(*) AS n FROM report.gw',
    ],
    dropped: ['DROP MATERIALIZED VIEW report.daily;', 'DROP VIEW report.gw;'],
  },
  'a foreign key in another schema': {
    made: ['CREATE TABLE report."My notes" (tool varchar REFERENCES tools (id))'],
    dropped: ['ALTER TABLE report."My notes" DROP CONSTRAINT "My notes_tool_fkey";'],
  },
  'a view that was made after the backup': {
    made: ['CREATE VIEW later AS SELECT name FROM names'],
    dropped: ['DROP VIEW public.later;'],
  },
  'a foreign key of a table that was made after the backup': {
    made: ['CREATE TABLE later (tool varchar CONSTRAINT to_tool REFERENCES tools (id))'],
    dropped: ['ALTER TABLE later DROP CONSTRAINT to_tool;'],
  },
  'a trigger, a column, a policy and an heir of another table': {
    made: [
      'CREATE TABLE report.log (id varchar, feeling mood)',
      'CREATE TRIGGER noted AFTER INSERT ON report.log FOR EACH ROW EXECUTE FUNCTION noted()',
      'CREATE POLICY known ON report.log USING (id IN (SELECT id FROM tools))',
      'CREATE TABLE report.child () INHERITS (tools)',
    ],
    dropped: [
      'DROP POLICY known on report.log;',
      'DROP TRIGGER noted on report.log;',
      'ALTER TABLE report.log ALTER feeling TYPE text;',
      'ALTER TABLE report.child NO INHERIT tools;',
    ],
  },
};

describe('What depends on the gateway’s tables from outside of a backup', () => {
  for (const kind of DATABASES) {
    describe.skipIf(!kind.available || clientIsOlder(kind))(kind.id, () => suite(kind));
  }
});

function suite({ id, dialect }: DatabaseKind): void {
  const prepared = async (inside: readonly string[] = []) => {
    const directory = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const database = await v060Database(id);
    onTestFinished(() => database.drop());
    for (const statement of inside) await database.query(statement);
    const { manifest } = await backUp(database, { directory });
    const run = commandRuns(database, directory);
    const options = { format: 'json', color: false, lockTimeout: 5, backup: false, from: manifest } as const;
    return {
      database,
      plan: async () => (await run((io) => restore(io, { ...options, dryRun: true }))).report,
      restore: async () =>
        (
          await run((io) =>
            restore(io, { ...options, confirm: dialect === 'sqlite' ? 'mcp' : database.name }),
          )
        ).report,
      migrate: async () => (await run((io) => migrate(io, { ...options, yes: true }))).report,
      planMigration: async () =>
        (await run((io) => migrate(io, { ...options, yes: true, dryRun: true }))).report,
    };
  };

  if (dialect === 'postgresql') {
    it.each(Object.entries(OUTSIDE))(
      '%s is refused by name before anything, with what drops it and makes it again',
      async (_, { made, dropped }) => {
        const { database, plan, restore, planMigration } = await prepared(INSIDE);
        for (const statement of ['CREATE SCHEMA report', ...made]) await database.query(statement);
        const before = await contentOf(database);
        const planned = await plan();
        expect(planned, JSON.stringify(planned)).toMatchObject({ exitCode: 1, error: null });
        expect(planned.steps.at(-1)?.statements?.length).toBeGreaterThan(0);
        expect(planned.next).toBe('');
        const refused = await restore();
        expect(refused, JSON.stringify(refused)).toMatchObject({ exitCode: 2, error: { code: 'PREFLIGHT' } });
        const { details = [], hint = '' } = refused.error ?? {};
        expect(
          details.filter((line) => /^DROP |^ALTER .* (DROP|NO INHERIT|TYPE text)/.test(line)).sort(),
        ).toEqual([...dropped].sort());
        for (const line of dropped) expect(planned.warnings.join()).toContain(line);
        expect(hint).toContain('Run the statements of the first part');
        expect(await contentOf(database)).toEqual(before);
        const isTold = dropped.filter((line) => !/mood|later/.test(line) && line.includes('report'));
        const told = (await askDoctor(database.url)).of('database.restore-dependents');
        expect(told.status).toBe('passed');
        for (const line of isTold) expect(told.findings.join()).toContain(line);
        if (isTold.length > 0)
          expect((await planMigration()).warnings.join()).toContain('restore-dependents');

        const then = details.indexOf('Afterwards, as it was:');
        for (const statement of details.slice(1, then)) await database.query(statement);
        expect(await restore()).toMatchObject({ exitCode: 0 });
        await database.query(
          details
            .slice(then + 1)
            .filter((line) => !line.startsWith('--'))
            .join('\n'),
        );
        expect(await database.query('SELECT n FROM more')).toBe('4');
        expect(await plan()).toMatchObject({ exitCode: 1 });
      },
    );

    it('of a migrated database, the rollback is named as the other way back', async () => {
      const { database, plan, restore, migrate } = await prepared();
      expect(await migrate()).toMatchObject({ exitCode: 0 });
      await database.query('CREATE SCHEMA report; CREATE VIEW report.gw AS SELECT name FROM gateways');
      expect(await plan()).toMatchObject({ exitCode: 1, next: 'mcpgw rollback' });
      expect(await restore()).toMatchObject({ exitCode: 2, next: 'mcpgw rollback' });
    });

    it('an extension, a publication, a sequence and an event trigger of its own are no hindrance', async () => {
      const { database, plan, restore } = await prepared([
        ...INSIDE,
        'CREATE SEQUENCE mine',
        "CREATE TABLE own (n int DEFAULT nextval('mine'), tool varchar REFERENCES tools (id))",
        'CREATE PUBLICATION sites FOR TABLE tools',
        'CREATE TRIGGER noted AFTER INSERT ON tools FOR EACH ROW EXECUTE FUNCTION noted()',
      ]);
      expect(await plan()).toMatchObject({ exitCode: 0, warnings: [] });
      expect((await askDoctor(database.url)).of('database.restore-dependents').findings).toEqual([]);
      expect(await restore()).toMatchObject({ exitCode: 0 });
    });
  } else {
    it('a view and a foreign key that are not in the backup stop no restore, and are there afterwards', async () => {
      const { database, plan, restore } = await prepared();
      await database.query('CREATE VIEW later AS SELECT name FROM tools');
      const other = dialect === 'mysql' ? await createDatabase(id) : null;
      onTestFinished(async () => other?.drop());
      await other?.query(
        `CREATE TABLE notes (tool varchar(36), FOREIGN KEY (tool) REFERENCES ${database.name}.tools (id))`,
      );
      expect(await plan()).toMatchObject({ exitCode: 0 });
      const report = await restore();
      expect(report, JSON.stringify(report)).toMatchObject({ exitCode: 0 });
      // The file of SQLite is the one that was backed up.
      if (other === null) return;
      expect(await database.query('SELECT count(*) FROM later')).toBe('3');
      await expect(other.query("INSERT INTO notes VALUES ('nowhere')")).rejects.toThrow();
    });
  }
}
