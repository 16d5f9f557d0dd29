import { readFileSync, writeFileSync } from 'node:fs';
import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { reportHere } from '../support/cli-report.ts';
import { type SqliteFile, sqliteFile } from '../support/sqlite-file.ts';

const PAGE = 4_096;

/** Zeroes a page of rows that no query for their owners reads, and plants what `fix` would repair. */
async function damaged(): Promise<SqliteFile> {
  const file = await sqliteFile('v0.7.0');
  const db = new SQLite(file.name);
  db.exec('DELETE FROM email_team_members');
  const page = db
    .prepare("SELECT max(pageno) FROM dbstat WHERE name = 'tools' AND pagetype = 'leaf'")
    .pluck()
    .get() as number;
  db.close();
  const bytes = readFileSync(file.name);
  writeFileSync(file.name, bytes.fill(0, (page - 1) * PAGE, page * PAGE));
  return file;
}

test('a check that damage keeps from being made says so, and sends to the doctor', async () => {
  const { url, name } = await damaged();
  for (const args of [['verify'], ['fix', '--yes'], ['fix', '--dry-run']]) {
    const { report } = await reportHere(url, [...args, '--only', 'database']);
    expect(report).toMatchObject({ exitCode: 1, error: null, next: 'mcpgw doctor' });
    expect(report.checks.find(({ id }) => id === 'database.integrity')).toMatchObject({
      status: 'errored',
      hint: expect.stringMatching(/^Not checked: .* is damaged: .*\n.*: mcpgw doctor$/),
    });
    expect(JSON.stringify(report)).toContain(name);
  }
});

test('fix writes nothing to a damaged file, and its dry run knows', async () => {
  const { url, name } = await damaged();
  const before = readFileSync(name);
  const fix = ['fix', '--only', 'team', '--no-backup'];
  const dry = (await reportHere(url, [...fix, '--dry-run'])).report;
  expect(dry).toMatchObject({ exitCode: 1, next: 'mcpgw doctor --repair' });
  expect(dry.warnings).toEqual([expect.stringMatching(/^A run would refuse: .* is damaged/)]);
  const run = (await reportHere(url, [...fix, '--yes'])).report;
  expect(run).toMatchObject({ exitCode: 2, error: { code: 'CORRUPT' }, next: 'mcpgw doctor --repair' });
  expect(readFileSync(name).equals(before)).toBe(true);
});
