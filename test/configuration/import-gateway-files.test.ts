import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connect } from '../support/connect.ts';
import { describeEachDatabase, type TestDatabase } from '../support/databases.ts';
import { databaseContent } from '../support/table-content.ts';
import {
  counts,
  emptyGateway,
  importing,
  mcpgw,
  problemsOf,
  REAL_CONFIG,
  realFiles,
  realGateway,
  secretOf,
  written,
} from './import-support.ts';

const TWICE = /teams-export/;
const files = realFiles('.json').filter((name) => name.includes('-export.') || TWICE.test(name));

const content = (database: TestDatabase) =>
  connect(database, async (db) => {
    const all = await databaseContent(db, await db.dialect.readSchema(db));
    return JSON.stringify([...all].map(([table, rows]) => [table, [...rows]]));
  });

/** @param of which gateway the database is: its secret is the one that counts there */
const run = (database: TestDatabase, name: string, args: readonly string[] = [], of = name) =>
  importing(
    database,
    join(REAL_CONFIG ?? '', name),
    [...args, ...(secretOf(of) === secretOf(name) ? [] : ['--source-secret-file', written(secretOf(name))])],
    { AUTH_ENCRYPTION_SECRET: secretOf(of) },
  );

describe.skipIf(REAL_CONFIG === undefined)('the gateway’s own documents', () => {
  const importable = files.filter((name) => !TWICE.test(name));

  test.each(importable)('%s into an empty and into filled databases, twice', async (name) => {
    for (const of of [name, 'v0.7.0.sqlite.sql', 'v0.7.0-teams.sqlite.sql']) {
      const database = await (of === name ? emptyGateway('sqlite') : realGateway(of));
      for (const mode of ['merge', 'replace']) {
        const first = await run(database, name, ['--mode', mode], of);
        expect([of, mode, first.exitCode, problemsOf(first)]).toEqual([of, mode, 0, []]);
        const after = await content(database);
        const again = await run(database, name, ['--mode', mode], of);
        expect([of, mode, again.exitCode, again.report.steps]).toEqual([of, mode, 0, []]);
        expect(await content(database)).toBe(after);
      }
    }
  });

  test('what is here already is not made again, whichever release the file is of', async () => {
    for (const name of ['v0.6.0-export.admin-all.json', 'v0.7.0-export.admin-all.json']) {
      const database = await realGateway('v0.7.0.sqlite.sql');
      const before = await content(database);
      const found = await run(database, name, [], 'v0.7.0');
      expect(Object.values(counts(found)).map(([created]) => created)).toEqual([0, 0, 0, 0, 0]);
      expect(await content(database)).toBe(before);
    }
  });

  test('names that several rows have are refused, with all of them', async () => {
    const name = 'v0.7.0-teams-export.admin-all.json';
    const empty = await run(await emptyGateway('sqlite'), name);
    expect(empty.exitCode).toBe(2);
    expect(problemsOf(empty)).toContain(
      'entities.tools[1] (tool lookup): team_id, owner_email, name would be those of entities.tools[0] (tool lookup)',
    );
    const filled = await run(await realGateway('v0.7.0-teams.sqlite.sql'), name);
    expect(filled.exitCode).toBe(2);
    expect(problemsOf(filled)[0]).toMatch(
      /^entities\.gateways\[0\] \(gateway Shared Gateway\): it can be any of 2 rows that are here: \w{32}, \w{32}$/,
    );
  });
});

describeEachDatabase('a document of the gateway', ({ id }) => {
  test.skipIf(REAL_CONFIG === undefined)('is imported once, with ids, names and owners', async () => {
    const database = await emptyGateway(id);
    const name = 'v0.7.0-export.admin-all.json';
    const first = await run(database, name);
    expect([first.exitCode, problemsOf(first)]).toEqual([0, []]);
    expect(counts(first)).toMatchObject({
      gateways: [5, 0, 0, 0],
      tools: [5, 0, 0, 0],
      servers: [3, 0, 0, 0],
    });
    const query = (sql: string) => database.query(sql);
    expect(await query("SELECT id FROM servers WHERE name = 'Main Server'")).toBe(
      'abd57e0512c44e63b674bec733131e3e',
    );
    expect(
      await query(
        "SELECT original_name, custom_name_slug, display_name FROM tools WHERE name = 'weather-now'",
      ),
    ).toBe('Weather.Now\tweather-now\tWeather.Now');
    expect(
      await query(
        'SELECT t.name FROM server_tool_association a JOIN tools t ON t.id = a.tool_id ORDER BY t.name',
      ),
    ).toBe('basic-tool\nbasic-tool\nweather-now');
    for (const table of ['servers', 'tools', 'gateways', 'resources', 'prompts'])
      expect(
        await query(
          `SELECT DISTINCT owner_email, visibility FROM ${table} WHERE team_id IS NOT NULL OR owner_email IS NULL`,
        ),
      ).toBe('root@example.org\tpublic');
    expect((await mcpgw(database, ['verify'], { AUTH_ENCRYPTION_SECRET: secretOf(name) })).exitCode).toBe(0);
    expect((await run(database, name)).report.steps).toEqual([]);
    // The database counts on behind the numbers that were given.
    const next = await query(
      'INSERT INTO prompts (name, template, argument_schema, created_at, updated_at, is_active, tags, version, visibility) ' +
        `VALUES ('next', '', '{}', '2025-08-01 10:00:00', '2025-08-01 10:00:00', ${database.dialect === 'postgresql' ? 'true' : 1}, '[]', 1, 'public')`,
    );
    expect(next).toBe('');
    expect(await query("SELECT id FROM prompts WHERE name = 'next'")).toMatch(/^([89]|\d\d)$/);
  });
});
