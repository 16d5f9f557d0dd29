import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { TargetContext } from '../../../src/doctor/context.ts';
import { salvageRepair } from '../../../src/doctor/sqlite/salvage-repair.ts';
import { NATIVE_MODULES } from '../../../src/native-modules.ts';
import type { SqliteTarget } from '../../../src/settings/database-target.ts';
import { PAGE, pagesOf, rowsOf, zeroed } from '../../salvage/damaged-file.ts';
import { askDoctor, type DoctorAnswer } from '../../support/doctor.ts';
import { migrate } from '../../support/migrate.ts';
import { reportIn } from '../../support/report-of.ts';
import { spawnCli } from '../../support/spawn-cli.ts';
import { type SqliteFile, sqliteFile } from '../../support/sqlite-file.ts';
import { testSettings } from '../../support/test-settings.ts';

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
  expect(answer.of('database.integrity').findings[0]).toMatch(/^tools is damaged: /);
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
])('%s: %s is repaired without losing a row', async (id, _what, change, lost) => {
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
    const db = new (require('${NATIVE_MODULES.sqlite.name}'))(${JSON.stringify(file.name)});
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

test('with a whole backup beside it, restoring that is what is advised, and works', async () => {
  const file = await sqliteFile('v0.7.0');
  const before = rowsOf(file.name);
  const env = { DATABASE_URL: file.url };
  expect((await spawnCli(['backup'], { env })).exitCode).toBe(0);
  const [manifest = ''] = readdirSync(join(file.folder, 'mcpgw-backups')).filter((name) =>
    name.endsWith('.json'),
  );
  const damaged = damage(file, zeroed(leafOf(file, 'tools')));
  // Another process, so that none of this one has the file open when it is restored.
  const looked = await spawnCli(['doctor', '--format', 'json'], { env });
  const report = reportIn(looked.stdout, looked.stderr);
  const integrity = report.checks.find(({ id }) => id === 'database.integrity');
  const command = `mcpgw restore ${join(file.folder, 'mcpgw-backups', manifest)}`;
  expect(integrity).toMatchObject({ fixable: true, command });
  expect(integrity?.hint).toContain(`${manifest} (v0.7.0, `);
  expect(report.next).toBe(command);
  const restored = await spawnCli([...command.split(' ').slice(1), '--confirm', 'mcp'], { env });
  expect(restored.stdout).toContain('kept byte for byte');
  expect(restored.exitCode).toBe(0);
  expect(rowsOf(file.name)).toEqual(before);
  const [kept = ''] = readdirSync(join(file.folder, 'mcpgw-backups')).filter((name) =>
    name.startsWith('damaged-'),
  );
  const copy = readFileSync(join(file.folder, 'mcpgw-backups', kept, basename(file.name)));
  expect(copy.equals(damaged)).toBe(true);
});

test('a cut file is told with its backups, too', async () => {
  const file = await sqliteFile('v0.7.0');
  await spawnCli(['backup'], { env: { DATABASE_URL: file.url } });
  damage(file, (bytes) => bytes.subarray(0, Math.floor((bytes.length * 2) / 3)));
  expect((await askDoctor(file.url)).of('file.whole').command).toMatch(/^mcpgw restore \/.*\.json$/);
});

test('what was lost is a warning with exit code 1, and told until the table is dropped', async () => {
  const file = await sqliteFile('v0.7.0');
  damage(file, zeroed(leafOf(file, 'tools')));
  const { report } = await askDoctor(file.url, { repair: true, swap: true });
  expect(report.exitCode).toBe(1);
  expect(report.warnings).toEqual([
    expect.stringMatching(/^tools: \d+ rows lost, \d+ rows recovered$/),
    expect.stringMatching(/^\d+ rows without a sure place: in the table lost_and_found$/),
  ]);
  const look = `sqlite3 ${file.name} 'SELECT * FROM lost_and_found'`;
  expect(report.next).toBe(look);
  const lines = report.sections.flatMap(({ rows }) => rows.flat().map(String));
  expect(lines.at(-1)).toContain('only then run mcpgw fix --only foreign-keys.dangling');
  const after = await askDoctor(file.url);
  expect(after.of('data.lost-and-found')).toMatchObject({
    status: 'warned',
    findings: [expect.stringMatching(/^lost_and_found: \d+ rows$/)],
    command: look,
  });
  // What it shows can be run, once what is lost is filled in.
  const [, example = ''] = /\nSQL: (.*)$/m.exec(after.of('data.lost-and-found').hint) ?? [];
  const repairing = new SQLite(file.name);
  const tools = () => repairing.prepare('SELECT count(*) FROM tools').pluck().get() as number;
  const count = tools();
  repairing.pragma('foreign_keys = OFF');
  repairing.exec(example);
  expect(tools()).toBe(count + 1);
  repairing.close();
  // Links to the lost tools must not be deleted before those are looked for.
  expect(after.of('data.verify').command).toBe(look);
  expect(after.of('database.foreign-keys').command).toBe(look);
  const db = new SQLite(file.name);
  db.exec('DROP TABLE lost_and_found');
  db.close();
  const dropped = await askDoctor(file.url);
  expect(dropped.of('data.lost-and-found').status).toBe('passed');
  expect(dropped.of('data.verify').command).toContain('mcpgw fix');
});

test('with --quiet the losses are still shown', async () => {
  const file = await sqliteFile('v0.7.0');
  damage(file, zeroed(leafOf(file, 'tool_metrics')));
  const { stdout, exitCode } = await spawnCli(['doctor', '--repair', '--swap', '--yes', '--quiet'], {
    env: { DATABASE_URL: file.url, PATH: process.env.PATH },
  });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/tool_metrics: .*rows lost/);
});

test('--swap takes the file that was looked at, with what was repaired in it by hand', async () => {
  const file = await sqliteFile('v0.7.0');
  damage(file, zeroed(leafOf(file, 'tools')));
  const first = await askDoctor(file.url, { repair: true });
  expect(first.report.next).toBe('mcpgw doctor --repair --swap');
  const [salvaged = ''] = salvagedIn(file);
  const db = new SQLite(salvaged);
  db.exec('DROP TABLE lost_and_found');
  db.close();
  const { report, of } = await askDoctor(file.url, { repair: true, swap: true });
  const lines = report.sections.flatMap(({ rows }) => rows.flat().map(String));
  expect(lines[0]).toBe(
    `${salvaged} was salvaged from this very file before, and is sound: it is the one to take`,
  );
  expect(salvagedIn(file)).toEqual([]);
  expect(rowsOf(file.name).has('lost_and_found')).toBe(false);
  expect(of('database.integrity').status).toBe('passed');
  expect(
    readdirSync(join(file.folder, 'mcpgw-backups')).filter((name) => name.startsWith('damaged-')),
  ).toHaveLength(1);
});

test.each([
  [
    'is damaged itself',
    (file: SqliteFile) => damage({ ...file, name: salvagedIn(file)[0] ?? '' }, zeroed(2)),
  ],
  ['is of what the file was before', (file: SqliteFile) => damage(file, zeroed(leafOf(file, 'resources')))],
])('a salvaged file that %s is not taken', async (_what, change) => {
  const file = await sqliteFile('v0.7.0');
  const leaf = leafOf(file, 'resources');
  expect(leaf).toBeGreaterThan(0);
  damage(file, zeroed(leafOf(file, 'tools')));
  await askDoctor(file.url, { repair: true });
  const [old = ''] = salvagedIn(file);
  change(file);
  // New files are named by the second.
  await sleep(1_000);
  const answer = await askDoctor(file.url, { repair: true, swap: true });
  expect(repairs(answer)[0]).toContain(`salvaged anew: ${old} is not taken (`);
  expect(answer.of('database.integrity').status).toBe('passed');
});

test('a v0.6.0 file never had what only later releases have, and is still recognised', async () => {
  const file = await sqliteFile('v0.6.0');
  const before = rowsOf(file.name);
  const schemaPages = pagesOf(file.name, 'sqlite_schema').filter(({ type }) => type === 'leaf');
  damage(file, zeroed(schemaPages.at(-1)?.page ?? 0));
  const answer = await askDoctor(file.url, { repair: true, swap: true });
  expect(repairs(answer).join('\n')).not.toContain('mcpgw_migration');
  const rows = rowsOf(file.name);
  expect([...rows.keys()].filter((name) => name !== 'lost_and_found').toSorted()).toEqual(
    [...before.keys()].toSorted(),
  );
  expect([...(rows.get('lost_and_found')?.values() ?? [])].join('\n')).not.toContain('CREATE TABLE');
  const { command, status } = answer.of('data.release');
  if (status !== 'passed') expect(command).toBe('mcpgw migrate --adopt');
});

test('rows set aside stand in the way of neither migrate nor verify', async () => {
  const file = await sqliteFile('v0.6.0');
  damage(file, zeroed(leafOf(file, 'tool_metrics')));
  await askDoctor(file.url, { repair: true, swap: true });
  const db = new SQLite(file.name);
  db.exec(
    'CREATE TABLE IF NOT EXISTS lost_and_found ("table" TEXT, page INTEGER, "row" INTEGER, why TEXT, fields INTEGER, c0)',
  );
  db.exec("INSERT INTO lost_and_found (why) VALUES ('it fits no table')");
  db.close();
  await migrate(file);
  const answer = await askDoctor(file.url);
  expect(answer.of('data.release').findings[0]).toContain('v0.7.0');
  expect(answer.of('data.verify').status).toBe('passed');
  expect(answer.of('data.lost-and-found').status).toBe('warned');
});

test('somebody who is asked whether to swap has seen what was recovered', async () => {
  const file = await sqliteFile('v0.7.0');
  damage(file, zeroed(leafOf(file, 'tools')));
  const { target } = testSettings(file.url);
  if (target.dialect !== 'sqlite') throw new Error('it is a file');
  const context = { target, now: new Date(), env: { PATH: '' } } as unknown as TargetContext<SqliteTarget>;
  let seen: readonly string[] = [];
  await salvageRepair(context)?.run({
    log() {},
    warn() {},
    goOn() {},
    async maySwap(_question, facts = []) {
      seen = facts;
      return false;
    },
    signal: new AbortController().signal,
  });
  expect(seen.join('\n')).toMatch(/tools: \d+ rows recovered, \d+ rows lost/);
});
