import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { rowsOf } from '../../salvage/damaged-file.ts';
import { askDoctor, type DoctorAnswer } from '../../support/doctor.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';

/** What the repairs say they did, a line each. */
const repairs = ({ report }: DoctorAnswer) =>
  report.sections.filter(({ id }) => id.startsWith('repair.')).flatMap(({ rows }) => rows.flat().map(String));

/** Changes a file as the gateway or its operator might. */
function change(path: string, use: (db: SQLite.Database) => void): void {
  const db = new SQLite(path).unsafeMode();
  use(db);
  db.close();
}

const databaseProblems = ({ problems }: DoctorAnswer) => problems.filter((id) => id.startsWith('database.'));

test.each(['v0.6.0', 'v0.7.0'] as const)(
  'a healthy file at %s is clean and stays as it was',
  async (release) => {
    const file = await sqliteFile(release);
    const bytes = readFileSync(file.name);
    const { mtimeMs } = statSync(file.name);
    const answer = await askDoctor(file.url, { verbose: true });
    expect(databaseProblems(answer)).toEqual([]);
    expect(readFileSync(file.name).equals(bytes)).toBe(true);
    expect(statSync(file.name).mtimeMs).toBe(mtimeMs);
    expect(readdirSync(file.folder)).toEqual([basename(file.name)]);
  },
);

test('in WAL mode, too', async () => {
  const file = await sqliteFile('v0.7.0');
  change(file.name, (db) => db.pragma('journal_mode = WAL'));
  const bytes = readFileSync(file.name);
  const answer = await askDoctor(`${file.url}?journal_mode=WAL&synchronous=NORMAL&timeout=30`);
  expect(databaseProblems(answer)).toEqual([]);
  expect(answer.of('database.journal-mode').findings.join()).toContain('wal');
  expect(readFileSync(file.name).equals(bytes)).toBe(true);
  expect(readdirSync(file.folder)).toEqual([basename(file.name)]);
});

test('database.indexes: an index out of step with its table is built again', async () => {
  const file = await sqliteFile('v0.7.0');
  const before = rowsOf(file.name);
  change(file.name, (db) => {
    // The index is made over half of the rows, and then said to be over all.
    db.exec('CREATE INDEX idx_some_tools ON tools (name) WHERE rowid % 2 = 0; PRAGMA writable_schema = ON');
    db.exec(
      "UPDATE sqlite_schema SET sql = 'CREATE INDEX idx_some_tools ON tools (name)' WHERE name = 'idx_some_tools'",
    );
  });
  const found = (await askDoctor(file.url)).of('database.indexes');
  expect(found).toMatchObject({ status: 'failed', fixable: true, command: 'mcpgw doctor --repair' });
  expect(found.findings.join('\n')).toContain('idx_some_tools');
  const answer = await askDoctor(file.url, { repair: true });
  expect(repairs(answer)).toContain('idx_some_tools: built again; integrity_check: ok');
  expect(databaseProblems(answer)).toEqual([]);
  expect(rowsOf(file.name)).toEqual(before);
});

test('database.foreign-keys: rows whose parent is gone are counted, with the command that repairs them', async () => {
  const file = await sqliteFile('v0.7.0');
  change(file.name, (db) =>
    db.exec("PRAGMA foreign_keys = OFF; UPDATE tool_metrics SET tool_id = 'gone' WHERE rowid < 4"),
  );
  expect((await askDoctor(file.url)).of('database.foreign-keys')).toMatchObject({
    status: 'warned',
    count: 1,
    findings: ['tool_metrics: 3 rows without their tools'],
    command: 'mcpgw fix --only foreign-keys.dangling',
  });
});

test('database.journal-mode: WAL that the URL asks for and the file has not is switched on', async () => {
  const file = await sqliteFile('v0.7.0');
  const before = rowsOf(file.name);
  const url = `${file.url}?journal_mode=WAL`;
  expect((await askDoctor(url)).of('database.journal-mode')).toMatchObject({
    status: 'warned',
    findings: [expect.stringContaining('the journal mode is delete')],
    command: 'mcpgw doctor --repair',
  });
  const answer = await askDoctor(url, { repair: true });
  expect(answer.of('database.journal-mode').status).toBe('passed');
  expect(repairs(answer)).toContain('the journal mode is wal');
  expect(rowsOf(file.name)).toEqual(before);
});

test('database.journal-mode: a file of some size should be in WAL mode whatever the URL says', async () => {
  const file = await sqliteFile('v0.7.0');
  change(file.name, (db) =>
    db.exec('CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(11000000))'),
  );
  expect((await askDoctor(file.url)).of('database.journal-mode').status).toBe('warned');
});

test.each([
  ['database.synchronous', '?synchronous=off', 'synchronous is off', '?synchronous=NORMAL'],
  ['database.busy-timeout', '?timeout=0&cache_size=5000', 'they wait 0 s', '?cache_size=5000&timeout=30'],
  ['database.busy-timeout', '?busy_timeout=10', 'they wait 0.01 s', '?timeout=30'],
])('%s: %s in DATABASE_URL', async (id, query, fact, better) => {
  const file = await sqliteFile('v0.7.0');
  const found = (await askDoctor(file.url + query)).of(id);
  expect(found).toMatchObject({ status: 'warned', findings: [fact] });
  expect(found.command).toBe(`DATABASE_URL='sqlite:///${file.name}${better}'`);
});

test('database.cache-size: a cache below the default is told, and no warning', async () => {
  const file = await sqliteFile('v0.7.0');
  expect((await askDoctor(`${file.url}?cache_size=-100`)).of('database.cache-size')).toMatchObject({
    status: 'passed',
    count: 1,
    findings: ['the cache of a connection has 100 KiB'],
  });
});

/** A file of which most is empty. */
async function hollowFile() {
  const file = await sqliteFile('v0.7.0');
  change(file.name, (db) => {
    db.exec('CREATE TABLE filler (x)');
    const insert = db.prepare('INSERT INTO filler VALUES (zeroblob(100000))');
    for (let i = 0; i < 130; i++) insert.run();
    db.exec('DROP TABLE filler');
  });
  return { ...file, before: rowsOf(file.name), size: statSync(file.name).size };
}

test('database.freelist: without --swap the smaller file lies beside the database', async () => {
  const file = await hollowFile();
  const bytes = readFileSync(file.name);
  const answer = await askDoctor(file.url, { repair: true });
  expect(answer.of('database.freelist')).toMatchObject({ status: 'warned', fixable: true });
  expect(readFileSync(file.name).equals(bytes)).toBe(true);
  const [smaller = ''] = readdirSync(file.folder).filter((name) => name.includes('.vacuumed-'));
  expect(rowsOf(join(file.folder, smaller))).toEqual(file.before);
  expect(statSync(join(file.folder, smaller)).size).toBeLessThan(file.size / 4);
});

test.each(['delete', 'wal'])(
  'database.freelist: with --swap it takes the place, in journal mode %s',
  async (mode) => {
    const file = await hollowFile();
    change(file.name, (db) => db.pragma(`journal_mode = ${mode}`));
    const answer = await askDoctor(file.url, { repair: true, swap: true });
    expect(answer.of('database.freelist').status).toBe('passed');
    expect(statSync(file.name).size).toBeLessThan(file.size / 4);
    expect(rowsOf(file.name)).toEqual(file.before);
    const [old = ''] = readdirSync(file.folder).filter((name) => name.includes('.before-vacuum-'));
    expect(rowsOf(join(file.folder, old))).toEqual(file.before);
    change(file.name, (db) => expect(db.pragma('journal_mode', { simple: true })).toBe(mode));
  },
);

test('database.statistics: collected for large tables, which changes no row', async () => {
  const file = await sqliteFile('v0.7.0');
  change(file.name, (db) =>
    db.exec(
      'INSERT INTO tool_metrics SELECT 200000, tool_id, timestamp, response_time, is_success, error_message FROM tool_metrics LIMIT 1',
    ),
  );
  const before = rowsOf(file.name);
  expect((await askDoctor(file.url)).of('database.statistics')).toMatchObject({
    status: 'passed',
    count: 1,
    findings: ['tool_metrics: up to 200,000 rows, and no statistics'],
  });
  const answer = await askDoctor(file.url, { repair: true });
  expect(answer.of('database.statistics').count).toBe(0);
  expect(repairs(answer).join('\n')).toContain('collected');
  expect(rowsOf(file.name)).toEqual(before);
});
