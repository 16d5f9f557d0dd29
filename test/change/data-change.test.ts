import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { PlannedStep, Surroundings } from '../../src/change/change.ts';
import { type DataFound, type DataPlan, dataChange } from '../../src/change/data-change.ts';
import { readHistory } from '../../src/change/history.ts';
import { runChange } from '../../src/change/run-change.ts';
import { shownStep } from '../../src/commands/dry-run.ts';
import { status } from '../../src/commands/status.ts';
import type { Connection } from '../../src/database/connection.ts';
import { insertRows, Secret, updateRows } from '../../src/database/rows.ts';
import { statement } from '../../src/database/statement.ts';
import { historyWarnings } from '../../src/migrate/history.ts';
import { mcpgw } from '../../src/report/advice.ts';
import { commandRuns, rowsOf } from '../support/command-run.ts';
import { connect } from '../support/connect.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { type MigratedDatabase, migratedDatabase } from '../support/migrated-database.ts';
import { surroundings } from '../support/surroundings.ts';
import { v060Database } from '../support/template.ts';

const now = new Date('2026-03-04T05:06:07.890Z');

/** Tools and prompts that are called so get other names: a statement for each table, a step for each. */
const renaming = (command = mcpgw('verify')) =>
  dataChange({
    what: 'The renaming',
    command,
    reading: 'Reading names',
    now,
    async plan(db) {
      const steps: DataFound['steps'][number][] = [];
      for (const table of ['tools', 'prompts'] as const) {
        const rows = await db.query<{ id: unknown }>(
          sql`SELECT id FROM ${sql.table(table)} WHERE name NOT LIKE 'new-%' ORDER BY id`,
        );
        const statements = rows.flatMap(({ id }) =>
          updateRows(db, table, ['id', [id]], { name: `new-${id}`, updated_at: now }),
        );
        steps.push({ id: `names:${table}`, title: `Names of ${table}`, statements });
      }
      return { steps, warnings: [] };
    },
  });

type Around = Partial<Surroundings<DataPlan<DataFound>>>;

const run = ({ withConnection }: MigratedDatabase, more: Around = {}, wrap = (db: Connection) => db) =>
  withConnection((db) => runChange(wrap(db), renaming(), { ...surroundings(withConnection), ...more }));

const names = (database: TestDatabase) =>
  database.query('SELECT name FROM tools UNION ALL SELECT name FROM prompts ORDER BY name');
const AS_BEFORE = 'prompt-1\nprompt-2\ntool-1\ntool-2';
const steps = (database: TestDatabase) =>
  database.query(`SELECT step, rows_written FROM mcpgw_migration WHERE step LIKE '%:%' ORDER BY id`);

describeEachDatabase('a change of rows', ({ id, dialect }) => {
  test('is made, checked and recorded; a second run writes nothing', async () => {
    const at = await migratedDatabase(id);
    const ran = await run(at);
    expect(ran).toMatchObject({ changed: true, seen: true, warnings: [] });
    expect(ran.steps.map(({ id: step, status: done, rows }) => [step, done, rows])).toEqual([
      ['names:tools', 'done', 2],
      ['names:prompts', 'done', 2],
    ]);
    expect(await names(at.database)).toBe('new-1\nnew-2\nnew-tool-1\nnew-tool-2');
    expect(await steps(at.database)).toBe('names:tools\t2\nnames:prompts\t2');
    expect(await run(at)).toMatchObject({ changed: false });
    expect(await steps(at.database)).toBe('names:tools\t2\nnames:prompts\t2');
    await at.withConnection(async (db) => {
      const history = await readHistory(db, await db.dialect.readSchema(db));
      expect(history.at(-1)?.checksum).toMatch(/^[0-9a-f]{64}$/);
      expect(historyWarnings(history)).toEqual([]);
    });
    const { report } = await commandRuns(
      at.database,
      '/',
    )((io) => status(io, { format: 'json', color: false, history: true }));
    expect(report.exitCode).toBe(0);
    expect(report.warnings.filter((text) => text.includes('names:'))).toEqual([]);
    expect(rowsOf(report, 'history')?.at(-1)).toEqual([
      '2026-03-04 05:06:07',
      'names:prompts',
      '0.7.0-test',
      expect.any(String),
      2,
    ]);
  });

  test('stopped before any of its writes it has changed nothing', async () => {
    const at = await migratedDatabase(id);
    for (let nth = 1; ; nth++) {
      let writes = 0;
      const failing = (db: Connection): Connection => ({
        ...db,
        run(statement) {
          if (/^\s*(INSERT|UPDATE)/.test(statement.sql) && ++writes === nth) throw new Error('stopped here');
          return db.run(statement);
        },
      });
      const ended = await run(at, {}, failing).catch((error: Error) => error.message);
      if (typeof ended !== 'string') {
        // Two statements and a record for each step.
        expect(nth).toBe(7);
        return;
      }
      expect([nth, ended]).toEqual([nth, 'stopped here']);
      expect([nth, await names(at.database)]).toEqual([nth, AS_BEFORE]);
      expect(await steps(at.database)).toBe('');
    }
  });

  test('Ctrl-C between two of its statements takes all of it back, and says so', async () => {
    const at = await migratedDatabase(id);
    const stop = new AbortController();
    const progress = {
      ...surroundings(at.withConnection).progress,
      advance: () => stop.abort('SIGINT'),
    };
    await expect(run(at, { signal: stop.signal, progress })).rejects.toMatchObject({
      code: 'INTERRUPTED',
      hint: expect.objectContaining({
        parts: [
          'Everything was taken back: the database is as it was. To start again, run: ',
          mcpgw('verify'),
        ],
      }),
    });
    expect(await names(at.database)).toBe(AS_BEFORE);
    // The lock is gone, too.
    expect(await run(at, { lockTimeoutMs: 0 })).toMatchObject({ changed: true });
  });

  test('of two at once the second waits, and then has nothing to do', async () => {
    const at = await migratedDatabase(id);
    let second: Promise<unknown> | undefined;
    const beforeWriting = async () => {
      second = run(at);
    };
    expect(await run(at, { beforeWriting })).toMatchObject({ changed: true });
    expect(await second).toMatchObject({ changed: false });
    expect(await steps(at.database)).toBe('names:tools\t2\nnames:prompts\t2');
  });

  test('waits for whoever writes to its tables, and then names them, with nothing changed', async () => {
    const at = await migratedDatabase(id);
    await at.withConnection(async (other) => {
      await other.run(statement(dialect === 'sqlite' ? 'BEGIN IMMEDIATE' : 'START TRANSACTION'));
      await other.run(statement(`UPDATE tools SET description = 'being written' WHERE id = 'tool-2'`));
      await expect(run(at, { lockTimeoutMs: 300 })).rejects.toMatchObject({
        code: dialect === 'sqlite' ? 'BUSY' : 'LOCKED',
        message: expect.stringMatching(dialect === 'sqlite' ? /locked by/ : /in use/),
      });
      await other.run(statement('ROLLBACK'));
    });
    expect(await names(at.database)).toBe(AS_BEFORE);
    expect(await run(at)).toMatchObject({ changed: true });
  });

  test('makes the table of the history where the gateway made the database', async () => {
    const at = await migratedDatabase(id, (database) => database.query('DROP TABLE mcpgw_migration'));
    const ran = await run(at);
    expect(ran.steps.map(({ id: step }) => step)).toEqual(['history', 'names:tools', 'names:prompts']);
    expect(await steps(at.database)).toBe('names:tools\t2\nnames:prompts\t2');
    expect(await run(at)).toMatchObject({ changed: false });
  });

  test('is refused, with nothing changed, where a trigger undoes what it writes', async () => {
    const body = {
      sqlite: `CREATE TRIGGER undoing AFTER UPDATE ON tools BEGIN UPDATE tools SET name = OLD.name WHERE id = OLD.id; END`,
      mysql: `CREATE TRIGGER undoing BEFORE UPDATE ON tools FOR EACH ROW SET NEW.name = OLD.name`,
      postgresql: `CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name = OLD.name; RETURN NEW; END';
        CREATE TRIGGER undoing BEFORE UPDATE ON tools FOR EACH ROW EXECUTE FUNCTION undo()`,
    }[dialect];
    const at = await migratedDatabase(id, (database) => database.query(body));
    await expect(run(at)).rejects.toMatchObject({
      code: 'FAILED',
      message: 'Rows are not as they were written.',
      details: [expect.stringContaining('UPDATE'), expect.stringContaining('UPDATE')],
    });
    expect(await names(at.database)).toBe(AS_BEFORE);
    expect(await steps(at.database)).toBe('');
  });

  test('is refused on v0.6.0, with migrate as the next command', async () => {
    const database = await v060Database(id);
    await expect(connect(database, (db) => renaming().plan(db, { purpose: 'show' }))).rejects.toMatchObject({
      code: 'STATE',
      message: 'The database is v0.6.0; the renaming needs v0.7.0.',
      next: mcpgw('migrate'),
    });
    await database.drop();
  });

  test('puts in more rows than fit into one statement, and shows no secret', async () => {
    const at = await migratedDatabase(id);
    const rows = Array.from({ length: 1_234 }, (_, n) => ({
      timestamp: now,
      user_email: `user${n}@example.com`,
      event_type: 'login',
      success: n % 2 === 0,
      failure_reason: new Secret(`hush-${n}`),
    }));
    await at.withConnection(async (db) => {
      const statements = insertRows(db, 'email_auth_events', rows);
      expect(statements).toHaveLength(2);
      for (const statement of statements) await db.run(statement);
      const step: PlannedStep = { id: 'events:add', title: 'Events', statements };
      const shown = shownStep(db, step).statements?.join() ?? '';
      expect(shown).toContain('user1233@example.com');
      expect(shown).toContain("'***'");
      expect(shown).not.toContain('hush');
      expect(insertRows(db, 'email_auth_events', [])).toEqual([]);
    });
    const where = `event_type = 'login' AND failure_reason LIKE 'hush-%'`;
    expect(await at.database.query(`SELECT count(*) FROM email_auth_events WHERE ${where}`)).toBe('1234');
  });
});
