import { expect, onTestFinished, test } from 'vitest';
import { readHistory } from '../../src/change/history.ts';
import { historySection } from '../../src/commands/status.ts';
import { historyWarnings, stepChecksums } from '../../src/migrate/history.ts';
import { connect } from '../support/connect.ts';
import { createDatabase, describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { v060Database } from '../support/template.ts';

const history = (database: TestDatabase) =>
  connect(database, async (db) => readHistory(db, await db.dialect.readSchema(db)));

describeEachDatabase('history', ({ id }) => {
  async function migrated(): Promise<TestDatabase> {
    const database = await v060Database(id);
    onTestFinished(() => database.drop());
    await migrate(database);
    return database;
  }

  test('tells each step with its time, version and checksum, once for each time it did something', async () => {
    const database = await migrated();
    const first = await history(database);
    expect(new Map(first.map((row) => [row.step, row.checksum]))).toEqual(stepChecksums());
    expect(historyWarnings(first)).toEqual([]);
    const section = historySection(first);
    expect(section.rows).toHaveLength(stepChecksums().size);
    for (const [when, , version, took, rows] of section.rows) {
      expect([when, version]).toEqual(['2026-01-02 03:04:05', '0.7.0-test']);
      expect(took).toMatch(/^\d+(\.\d)? m?s$/);
      expect(rows).toEqual(expect.any(Number));
    }
    expect(section.rows.find(([, step]) => step === '0003_ownership')?.[4]).toBeGreaterThan(0);

    await database.query("UPDATE roles SET name = 'watcher' WHERE name = 'viewer'");
    await migrate(database);
    const again = await history(database);
    expect(again.slice(0, first.length)).toEqual(first);
    expect(again.slice(first.length).map((row) => row.step)).toEqual(['seed']);
  });

  test('a step that was edited since, or that a newer mcpgw ran, is pointed out', async () => {
    const database = await migrated();
    await database.query("UPDATE mcpgw_migration SET checksum = 'other' WHERE step = '0003_ownership'");
    await database.query(
      "UPDATE mcpgw_migration SET step = '0009_future', tool_version = '0.9.0' WHERE step = '0004_leftovers'",
    );
    expect((await history(database).then(historyWarnings)).map(String)).toEqual([
      expect.stringMatching(/^Step 0003_ownership, as mcpgw 0\.7\.0-test ran it, is not what/),
      'Step 0009_future was run by mcpgw 0.9.0 and is unknown to this one: use mcpgw 0.9.0.',
    ]);
  });

  test('a database without the table has none', async () => {
    const database = await createDatabase(id);
    onTestFinished(() => database.drop());
    expect(await history(database)).toEqual([]);
  });
});

test('only the last run of a step counts', () => {
  const [[step, checksum] = ['', '']] = [...stepChecksums()];
  const row = { step, tool_version: '1', applied_at: '', duration_ms: 1, rows_written: 0 };
  const edited = { ...row, checksum: 'older' };
  expect(historyWarnings([edited, { ...row, checksum }])).toEqual([]);
  expect(historyWarnings([{ ...row, checksum }, edited])).toHaveLength(1);
});
