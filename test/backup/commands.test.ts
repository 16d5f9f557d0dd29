import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backup } from '../../src/commands/backup.ts';
import { restore } from '../../src/commands/restore.ts';
import { renderText } from '../../src/report/format/text.ts';
import { plainStyle } from '../report/fixtures.ts';
import { commandRuns, rowsOf } from '../support/command-run.ts';
import type { TestDatabase } from '../support/databases.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { v060Database } from './backup-context.ts';

let database: TestDatabase;
let directory: string;

beforeEach(async () => {
  database = await v060Database('sqlite');
  directory = temporaryFolder();
});

afterEach(async () => {
  await database.drop();
});

const GLOBAL = { format: 'json', color: false, quiet: true, lockTimeout: 1 } as const;

const run = async (command: Parameters<ReturnType<typeof commandRuns>>[0]) =>
  (await commandRuns(database, directory)(command)).report;

test('backup, list, dry run, restore', async () => {
  writeFileSync(join(directory, '.env'), 'DB_MAX_RETRIES=1\n');
  const made = await run((io) => backup(io, { ...GLOBAL, backupDir: 'kept' }));
  expect(made).toMatchObject({
    status: 'ok',
    database: { release: '0.6.0' },
    steps: [{ id: 'backup', rows: 15 }],
  });
  const place = join(directory, 'kept');
  expect(
    readdirSync(place)
      .map((name) => name.split('.').at(-1))
      .toSorted(),
  ).toEqual(['db', 'env', 'json']);

  const listed = await run((io) => backup(io, { ...GLOBAL, backupDir: 'kept', list: true, verify: true }));
  expect(rowsOf(listed, 'backups')).toEqual([
    [
      expect.stringMatching(/^mcpgw-mcp-.*\.json$/),
      expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
      expect.stringMatching(/^\d\d:\d\d$/),
      '0.6.0',
      expect.stringMatching(/MB$/),
      15,
      'whole, hash verified',
    ],
  ]);
  const from = readdirSync(place).find((name) => name.endsWith('.db')) ?? '';

  await database.query('DELETE FROM tool_metrics');
  const bytes = readFileSync(database.name);
  const options = { ...GLOBAL, backupDir: 'kept', from };
  const planned = await run((io) => restore(io, { ...options, dryRun: true }));
  expect(planned.steps.map(({ id, status }) => [id, status])).toEqual([
    ['backup', 'planned'],
    ['restore', 'planned'],
  ]);
  expect(rowsOf(planned, 'tables')).toContainEqual(['tool_metrics', 0, 1, 'replaced']);

  const asked = await run((io) => restore(io, options));
  expect(asked).toMatchObject({
    exitCode: 2,
    error: { code: 'CONFIRMATION', hint: expect.stringContaining('--confirm mcp') },
  });
  const wrong = await run((io) => restore(io, { ...options, confirm: 'production' }));
  expect(wrong).toMatchObject({ exitCode: 2, error: { code: 'CONFIRMATION' } });
  expect(readFileSync(database.name).equals(bytes)).toBe(true);

  const done = await run((io) => restore(io, { ...options, confirm: 'mcp' }));
  expect(done).toMatchObject({ status: 'ok', database: { release: '0.6.0' } });
  expect(done.steps.map(({ id, status, rows }) => [id, status, rows])).toEqual([
    ['backup', 'done', 14],
    ['restore', 'done', 15],
  ]);
  expect(await database.query('SELECT count(*) FROM tool_metrics')).toBe('1');
  expect(readdirSync(place).filter((name) => name.endsWith('.json'))).toHaveLength(2);
});

test('a list names what is damaged, with exit code 1', async () => {
  await run((io) => backup(io, { ...GLOBAL, backupDir: '.' }));
  const file = join(directory, readdirSync(directory).find((name) => name.endsWith('.db')) ?? '');
  const bytes = readFileSync(file);
  bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const cheap = await run((io) => backup(io, { ...GLOBAL, backupDir: '.', list: true }));
  expect(cheap.exitCode).toBe(0);
  const verified = await run((io) => backup(io, { ...GLOBAL, backupDir: '.', list: true, verify: true }));
  expect(verified.exitCode).toBe(1);
  expect(rowsOf(verified, 'backups')?.[0]?.[6]).toContain('SHA-256');
});

test('a list is never an occasion to remove backups', async () => {
  const refused = await run((io) => backup(io, { ...GLOBAL, backupDir: '.', list: true, keep: 2 }));
  expect(refused).toMatchObject({
    exitCode: 2,
    error: { code: 'USAGE', message: expect.stringContaining('--keep') },
  });
});

test('the names in a list stay whole, and one without its ending restores', async () => {
  await run((io) => backup(io, { ...GLOBAL, backupDir: 'kept' }));
  const manifest = readdirSync(join(directory, 'kept')).find((name) => name.endsWith('.json')) ?? '';
  const listed = await run((io) => backup(io, { ...GLOBAL, backupDir: 'kept', list: true }));
  expect(renderText(listed, { ...plainStyle, width: 80 })).toMatch(new RegExp(`^  ${manifest}`, 'm'));
  const restored = await run((io) =>
    restore(io, { ...GLOBAL, backupDir: 'kept', from: manifest.replace(/\.json$/, ''), confirm: 'mcp' }),
  );
  expect(restored).toMatchObject({ status: 'ok', error: null });
});

test('a longer name of the database breaks no date of a list in two', async () => {
  const path = join(directory, 'gateway_prod.db');
  copyFileSync(database.name, path);
  const runThere = commandRuns({ url: `sqlite:///${path}` }, directory);
  await runThere((io) => backup(io, GLOBAL));
  const { report } = await runThere((io) => backup(io, { ...GLOBAL, list: true }));
  const text = renderText(report, { ...plainStyle, width: 100 });
  expect(text).toMatch(
    /^ {2}mcpgw-gateway_prod-\S+\.json {2}\d{4}-\d\d-\d\d {2}\d\d:\d\d {2}0\.6\.0 .* whole$/m,
  );
});

test('an unknown backup is refused, with the folders that were searched', async () => {
  const options = { ...GLOBAL, backupDir: 'kept', confirm: 'mcp' };
  const report = await run((io) => restore(io, { ...options, from: 'nothing.db' }));
  expect(report).toMatchObject({
    exitCode: 2,
    error: {
      code: 'FAILED',
      message: `There is no backup nothing.db in ${directory} or ${join(directory, 'kept')}.`,
    },
    next: expect.stringContaining('mcpgw backup --list'),
  });
  const elsewhere = await run((io) => restore(io, { ...options, from: '/nowhere/nothing.db' }));
  expect(elsewhere.error?.message).toBe('There is no backup nothing.db in /nowhere.');
});
