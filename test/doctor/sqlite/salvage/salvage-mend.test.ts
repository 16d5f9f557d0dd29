import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { findProgram } from '../../../../scripts/servers/find-program.ts';
import { askDoctor, type DoctorAnswer } from '../../../support/doctor.ts';
import { type SqliteFile, sqliteFile } from '../../../support/sqlite-file.ts';
import { PAGE, pagesOf, rowsOf, zeroed } from './damaged-file.ts';

function damage({ name }: SqliteFile, change: (bytes: Buffer) => Buffer): Buffer {
  const damaged = change(readFileSync(name));
  writeFileSync(name, damaged);
  return damaged;
}

const leafOf = (file: SqliteFile, table: string) =>
  pagesOf(file.name, table).filter(({ type }) => type === 'leaf')[1]?.page ?? 0;

/** What the repairs say they did, a line each. */
const repairs = ({ report }: DoctorAnswer) =>
  report.sections.filter(({ id }) => id.startsWith('repair.')).flatMap(({ rows }) => rows.flat().map(String));

const salvagedIn = ({ folder }: SqliteFile) =>
  readdirSync(folder)
    .filter((name) => name.includes('.salvaged-'))
    .map((name) => join(folder, name));

/** Rows of `rows` that are missing in `others`, over all tables. */
function missing(rows: ReturnType<typeof rowsOf>, others: ReturnType<typeof rowsOf>): string[] {
  return [...rows].flatMap(([table, all]) =>
    [...all].filter(([id, row]) => others.get(table)?.get(id) !== row).map(([id]) => `${table} ${id}`),
  );
}

test('a lost page is found, and told with the command; looking changes nothing', async () => {
  const file = await sqliteFile('v0.7.0');
  const damaged = damage(file, zeroed(leafOf(file, 'tools')));
  const answer = await askDoctor(file.url);
  expect(answer.of('database.integrity')).toMatchObject({
    status: 'failed',
    fixable: true,
    command: 'mcpgw doctor --repair',
  });
  expect(answer.of('database.journal-mode').status).toBe('skipped');
  expect(readFileSync(file.name).equals(damaged)).toBe(true);
  expect(readdirSync(file.folder)).toEqual([basename(file.name)]);
});

test('without --swap the new file lies beside the damaged one, which is as it was', async () => {
  const file = await sqliteFile('v0.7.0');
  const before = rowsOf(file.name);
  chmodSync(file.name, 0o640);
  const lost = leafOf(file, 'tools');
  const damaged = damage(file, zeroed(lost));
  const answer = await askDoctor(file.url, { repair: true });
  expect(readFileSync(file.name).equals(damaged)).toBe(true);
  const [salvaged = ''] = salvagedIn(file);
  const gone = missing(before, rowsOf(salvaged));
  expect(gone.length).toBeGreaterThan(0);
  expect(gone.every((row) => row.startsWith('tools '))).toBe(true);
  const rows = rowsOf(salvaged);
  rows.delete('lost_and_found');
  expect(missing(rows, before)).toEqual([]);
  expect(statSync(salvaged).mode & 0o777).toBe(0o640);
  expect(repairs(answer)).toContain(
    `tools: ${60 - gone.length} rows recovered, ${gone.length} rows lost, of ${gone.length} the indexed columns are in lost_and_found`,
  );
  expect(repairs(answer)).toContain(`the new file is ${salvaged}; the database is still the damaged one`);
  expect(repairs(answer).join()).toContain('mcpgw doctor --repair --swap');
  // The gateway's data are as sound as they can be without those rows.
  const again = await askDoctor(`sqlite:///${salvaged}`);
  expect(again.of('database.integrity').status).toBe('passed');
});

test('the damaged file is copied byte for byte before anything else, for this user only', async () => {
  const file = await sqliteFile('v0.7.0');
  const damaged = damage(file, zeroed(leafOf(file, 'tools')));
  await askDoctor(file.url, { repair: true });
  const backups = join(file.folder, 'mcpgw-backups');
  const [name = ''] = readdirSync(backups);
  expect(name).toMatch(/^damaged-\d{8}t\d{6}z$/i);
  const copy = join(backups, name, basename(file.name));
  expect(readFileSync(copy).equals(damaged)).toBe(true);
  expect(statSync(copy).mode & 0o777).toBe(0o600);
});

test('with --swap it takes the place of the damaged one, which is kept under another name', async () => {
  const file = await sqliteFile('v0.7.0');
  const damaged = damage(file, zeroed(leafOf(file, 'tool_metrics')));
  const answer = await askDoctor(file.url, { repair: true, swap: true });
  expect(answer.of('database.integrity').status).toBe('passed');
  const [kept = ''] = readdirSync(file.folder).filter((name) => name.includes('.damaged-'));
  expect(readFileSync(join(file.folder, kept)).equals(damaged)).toBe(true);
  expect(salvagedIn(file)).toEqual([]);
  expect(readdirSync(file.folder).filter((name) => name.startsWith('.'))).toEqual([]);
});

test.each([
  ['file.sqlite', 'a damaged header', (bytes: Buffer) => bytes.fill(0, 0, 100), 0],
  ['file.sqlite', 'another page size in the header', (bytes: Buffer) => bytes.fill(0, 16, 18), 0],
  ['file.schema', 'a lost root of the list of tables', (bytes: Buffer) => bytes.fill(0, 100, PAGE), 0],
])('%s: %s is mended without losing a row', async (id, _what, change, lost) => {
  const file = await sqliteFile('v0.7.0');
  const before = rowsOf(file.name);
  damage(file, change);
  expect((await askDoctor(file.url)).of(id)).toMatchObject({ status: 'failed', fixable: true });
  const answer = await askDoctor(file.url, { repair: true, swap: true });
  expect(answer.of('database.integrity').status).toBe('passed');
  expect(missing(before, rowsOf(file.name))).toHaveLength(lost);
});

test('file.whole: of a file that was cut the rest is salvaged', async () => {
  const file = await sqliteFile('v0.7.0');
  const before = rowsOf(file.name);
  damage(file, (bytes) => bytes.subarray(0, Math.floor((bytes.length * 2) / 3)));
  expect((await askDoctor(file.url)).of('file.whole')).toMatchObject({ status: 'failed', fixable: true });
  const answer = await askDoctor(file.url, { repair: true, swap: true });
  expect(answer.of('database.integrity').status).toBe('passed');
  const rows = rowsOf(file.name);
  expect(missing(before, rows).length).toBeGreaterThan(0);
  rows.delete('lost_and_found');
  expect(missing(rows, before)).toEqual([]);
  expect(rows.size).toBe(before.size);
});

test('a page of definitions that is lost: those of the gateway are known all the same', async () => {
  const file = await sqliteFile('v0.7.0');
  const before = rowsOf(file.name);
  damage(file, zeroed(leafOf(file, 'sqlite_schema')));
  const answer = await askDoctor(file.url, { repair: true, swap: true });
  const rows = rowsOf(file.name);
  expect([...before.keys()].filter((name) => !rows.has(name))).toEqual([]);
  expect(repairs(answer).join('\n')).toContain('its definition was lost and is the one of this release');
  rows.delete('lost_and_found');
  expect(missing(rows, before)).toEqual([]);
});

test('what was committed into the -wal is salvaged, too', async () => {
  const file = await sqliteFile('v0.7.0');
  // A writer that is gone without closing the file.
  const writer = `
    const db = new (require('better-sqlite3'))(${JSON.stringify(file.name)});
    db.pragma('journal_mode = WAL');
    db.exec("UPDATE tools SET description = 'written last' WHERE rowid = 1; UPDATE prompts SET description = 'this, too' WHERE rowid = 2");
    process.kill(process.pid, 'SIGKILL')`;
  await once(spawn(process.execPath, ['-e', writer], { stdio: 'ignore' }), 'exit');
  const wal = readFileSync(`${file.name}-wal`);
  damage(file, (bytes) => bytes.fill(0, 0, 100));
  const answer = await askDoctor(file.url, { repair: true, swap: true });
  expect(repairs(answer).join('\n')).toContain('committed pages of its -wal file');
  const db = new SQLite(file.name, { readonly: true });
  expect(db.prepare('SELECT description FROM tools WHERE rowid = 1').pluck().get()).toBe('written last');
  expect(db.prepare('SELECT description FROM prompts WHERE rowid = 2').pluck().get()).toBe('this, too');
  expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
  db.close();
  const [kept = ''] = readdirSync(file.folder).filter((name) => /\.damaged-.*-wal$/.test(name));
  expect(readFileSync(join(file.folder, kept)).equals(wal)).toBe(true);
});

test.runIf(process.platform === 'linux')('while somebody has the file open nothing is done', async () => {
  const file = await sqliteFile('v0.7.0');
  damage(file, zeroed(leafOf(file, 'tools')));
  const holder = spawn(process.execPath, [
    '-e',
    `require('fs').openSync(${JSON.stringify(file.name)}); console.log('open'); setInterval(() => {}, 1000)`,
  ]);
  try {
    await once(holder.stdout, 'data');
    const answer = await askDoctor(file.url, { repair: true, swap: true });
    expect(repairs(answer).join('\n')).toContain(`pid ${holder.pid}`);
    expect(existsSync(join(file.folder, 'mcpgw-backups'))).toBe(false);
    expect(readdirSync(file.folder)).toEqual([basename(file.name)]);
  } finally {
    holder.kill();
  }
});

test('what is no database cannot be salvaged, and nothing is offered', async () => {
  const file = await sqliteFile('v0.7.0');
  writeFileSync(file.name, 'not a database\n'.repeat(2_000));
  expect((await askDoctor(file.url)).of('file.sqlite').fixable).toBe(false);
});

test('without a sqlite3 on the PATH, or with one whose .recover fails, ours is enough', async () => {
  const file = await sqliteFile('v0.7.0');
  damage(file, zeroed(leafOf(file, 'tools')));
  const none = await askDoctor(file.url, { repair: true, env: { PATH: '' } });
  expect(repairs(none).join('\n')).toContain('No sqlite3 is on the PATH');
  const folder = join(file.folder, 'bin');
  const program = join(folder, 'sqlite3');
  mkdirSync(folder);
  writeFileSync(program, '#!/bin/sh\necho "sql error: SQL logic error (1)" >&2\nexit 1\n', { mode: 0o755 });
  const failing = await askDoctor(file.url, { repair: true, env: { PATH: `${folder}:/usr/bin:/bin` } });
  expect(repairs(failing).join('\n')).toContain(`${program} has no .recover that works here`);
  expect(salvagedIn(file).length).toBeGreaterThan(0);
});

/** Stands in for a shell: prints what `.recover` would, and runs what it is given. */
function shell(folder: string, recovered: string): string {
  const driver = createRequire(import.meta.url).resolve('better-sqlite3');
  const program = join(folder, 'sqlite3');
  writeFileSync(
    program,
    `#!${process.execPath}
    if (process.argv.at(-1) === '.recover') process.stdout.write(${JSON.stringify(recovered)});
    else new (require(${JSON.stringify(driver)}))(process.argv.at(-1)).exec(require('fs').readFileSync(0, 'utf8'));`,
    { mode: 0o755 },
  );
  return program;
}

test('rows that only the shell reads are set aside, those we have are not taken twice', async () => {
  const file = await sqliteFile('v0.7.0');
  const before = rowsOf(file.name);
  damage(file, zeroed(leafOf(file, 'tools')));
  await askDoctor(file.url, { repair: true });
  const ours = rowsOf(salvagedIn(file)[0] ?? '');
  const [known = ''] = ours.get('tools')?.keys() ?? [];
  const [lost = ''] = missing(before, ours).map((row) => row.split(' ')[1] ?? '');
  const bin = join(file.folder, 'bin');
  mkdirSync(bin);
  const program = shell(
    bin,
    `CREATE TABLE tools (id, name); INSERT INTO tools (rowid, id, name) VALUES (${known}, 'a', 'b'), (${lost}, 'lost-id', 'lost name');`,
  );
  for (const old of salvagedIn(file)) rmSync(old);
  const answer = await askDoctor(file.url, { repair: true, env: { PATH: bin } });
  expect(repairs(answer).join('\n')).toContain(
    `${program} .recover reads 1 more rows of the damaged tables: they are in lost_and_found`,
  );
  const rows = rowsOf(salvagedIn(file)[0] ?? '');
  const found = [...(rows.get('lost_and_found')?.values() ?? [])];
  expect(found.filter((row) => row.includes('"lost-id","lost name"'))).toHaveLength(1);
  expect(found.some((row) => row.includes('"a","b"'))).toBe(false);
  expect(rows.get('tools')).toEqual(ours.get('tools'));
});

test.runIf(findProgram('sqlite3'))('the sqlite3 shell of this machine is asked, too', async () => {
  const file = await sqliteFile('v0.7.0');
  damage(file, zeroed(leafOf(file, 'tools')));
  const answer = await askDoctor(file.url, { repair: true });
  // Debian builds it without what .recover needs; then it must say so.
  expect(repairs(answer).join('\n')).toMatch(
    /sqlite3 \.recover (was asked, too: it reads no other rows|reads \d+ more rows)|has no \.recover that works here/,
  );
});
