import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NATIVE_MODULES } from '../../src/native-modules.ts';
import { noProgress } from '../../src/progress.ts';
import { connect } from '../support/connect.ts';
import type { TestDatabase } from '../support/databases.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { backUp, contentOf, putBack, v060Database } from './backup-context.ts';

let database: TestDatabase;
let directory: string;

beforeEach(async () => {
  database = await v060Database('sqlite');
  directory = temporaryFolder();
});

afterEach(async () => {
  await database.drop();
});

/** A process that opens the database, runs a statement, and keeps its connection. */
async function holding(sql: string): Promise<() => Promise<void>> {
  const script = `const db = new (require('${NATIVE_MODULES.sqlite.name}'))(${JSON.stringify(database.name)});
    db.exec(${JSON.stringify(sql)}); console.log('ready'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', script], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  return async () => {
    child.kill('SIGKILL');
    await ended;
  };
}

describe.each(['delete', 'wal'])('journal_mode=%s', (journal) => {
  beforeEach(() => database.query(`PRAGMA journal_mode = ${journal}`));

  test('while a run holds the write lock in this very process', async () => {
    await connect(database, async (db) => {
      await db.dialect.beginRun(db, { timeoutMs: 1_000, onWait() {} });
      const made = await backUp(database, { directory });
      expect(made.rows.get('tools')).toBe(3);
      await db.run({ sql: "UPDATE tools SET description = 'written after'", parameters: [] });
      await db.dialect.endRun(db, true);
    });
    expect(await database.query("SELECT count(*) FROM tools WHERE description = 'written after'")).toBe('3');
  });

  test('what is only in the -wal file is in the backup, which needs none itself', async () => {
    const live = new SQLite(database.name);
    live.pragma('wal_autocheckpoint = 0');
    live.exec("INSERT INTO server_tool_association VALUES ('s1', 't2')");
    expect(existsSync(`${database.name}-wal`)).toBe(journal === 'wal');
    const made = await backUp(database, { directory });
    live.close();
    expect(readdirSync(directory)).toHaveLength(2);
    chmodSync(made.file, 0o400);
    const copy = new SQLite(made.file, { readonly: true });
    expect(copy.prepare('SELECT count(*) FROM server_tool_association').pluck().get()).toBe(2);
    expect(copy.pragma('journal_mode', { simple: true })).toBe('delete');
    copy.close();
    expect(readdirSync(directory)).toHaveLength(2);
  });

  test('the swap keeps the journal mode, the rights and the owner, and no stale -wal', async () => {
    const made = await backUp(database, { directory });
    await database.query('DELETE FROM tool_metrics');
    chmodSync(database.name, 0o640);
    const before = statSync(database.name);
    await putBack(database, { directory, name: made.file });
    const after = statSync(database.name);
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    expect(after.ino).not.toBe(before.ino);
    expect(readdirSync(dirname(database.name))).toEqual(['mcp.db']);
    expect(await database.query('PRAGMA journal_mode')).toBe(journal);
    expect(await database.query('SELECT count(*) FROM tool_metrics')).toBe('1');
  });

  test.each([
    ['a writer', 'BEGIN IMMEDIATE'],
    ['a reader', 'BEGIN; SELECT count(*) FROM tools'],
    ['an idle connection', 'SELECT 1 FROM tools'],
  ])('%s is not swapped away from', async (_who, sql) => {
    const made = await backUp(database, { directory });
    const before = await contentOf(database);
    const release = await holding(sql);
    try {
      await expect(putBack(database, { directory, name: made.file })).rejects.toMatchObject({
        code: 'BUSY',
        exitCode: 2,
        message: expect.stringMatching(/is in use: node \(process \d+\)/),
      });
    } finally {
      await release();
    }
    expect(await contentOf(database)).toEqual(before);
    expect(readdirSync(directory)).toHaveLength(2);
  });
});

test('a database that is gone is restored', async () => {
  const before = await contentOf(database);
  const made = await backUp(database, { directory });
  const { name } = database;
  rmSync(name);
  await putBack(database, { directory, name: made.file });
  expect(await contentOf(database)).toEqual(before);
});

describe('of a damaged database', () => {
  const rootOf = (table: string): number => {
    const db = new SQLite(database.name, { readonly: true });
    const root = Number(db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table));
    db.close();
    return root;
  };
  const zeroed = (bytes: Buffer, page: number) => bytes.fill(0, (page - 1) * 4_096, page * 4_096);

  test.each([
    ['that cannot be opened', () => Buffer.from('no database at all, but something')],
    ['that was cut', (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length / 2))],
    ['with a lost page', (bytes: Buffer) => zeroed(bytes, rootOf('resource_metrics'))],
  ])('%s the state before is kept byte for byte', async (_what, damage) => {
    const before = await contentOf(database);
    const made = await backUp(database, { directory });
    const damaged = damage(readFileSync(database.name));
    writeFileSync(database.name, damaged);
    const { safety, untouched } = await putBack(database, { directory, name: made.manifest });
    expect(safety).toBeNull();
    expect(untouched?.file).toMatch(/damaged-20260304t060000Z.mcp\.db$/);
    expect(readFileSync(untouched?.file ?? '').equals(damaged)).toBe(true);
    expect(await contentOf(database)).toEqual(before);
  });

  test('its -wal is kept, too', async () => {
    const root = rootOf('resource_metrics');
    const made = await backUp(database, { directory });
    const writer = `const db = new (require('${NATIVE_MODULES.sqlite.name}'))(${JSON.stringify(database.name)});
      db.pragma('journal_mode = WAL'); db.exec("UPDATE tools SET description = 'last'"); process.kill(process.pid, 'SIGKILL')`;
    spawnSync(process.execPath, ['-e', writer], { cwd: join(import.meta.dirname, '../..') });
    const wal = readFileSync(`${database.name}-wal`);
    writeFileSync(database.name, zeroed(readFileSync(database.name), root));
    const { untouched } = await putBack(database, { directory, name: made.manifest });
    expect(readFileSync(untouched?.wal ?? '').equals(wal)).toBe(true);
  });

  test('nothing of it is kept with --no-backup', async () => {
    const before = await contentOf(database);
    const made = await backUp(database, { directory });
    const files = readdirSync(directory);
    writeFileSync(database.name, 'no database at all, but something');
    const { untouched } = await putBack(database, { directory, name: made.file, backup: false });
    expect(untouched).toBeNull();
    expect(await contentOf(database)).toEqual(before);
    expect(readdirSync(directory)).toEqual(files);
  });
});

test('a damaged database gives no backup', async () => {
  const size = statSync(database.name).size;
  truncateSync(database.name, size - 8_192);
  await expect(backUp(database, { directory })).rejects.toMatchObject({ code: 'CORRUPT' });
  expect(readdirSync(directory)).toEqual([]);
});

test('stopped before the swap, the database is as it was', async () => {
  const made = await backUp(database, { directory });
  await database.query('DELETE FROM tool_metrics');
  const controller = new AbortController();
  const start = (title: string) => {
    if (title === 'Checking the copy') controller.abort('SIGINT');
  };
  const stopped = putBack(database, {
    directory,
    name: made.file,
    signal: controller.signal,
    progress: { ...noProgress, start },
  });
  await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(await database.query('SELECT count(*) FROM tool_metrics')).toBe('0');
  expect(readdirSync(dirname(database.name))).toEqual(['mcp.db']);
});

test('what a killed restore left beside the database goes with the next', async () => {
  const made = await backUp(database, { directory });
  for (const pid of [process.pid, 4_194_304]) {
    writeFileSync(join(dirname(database.name), `.mcp.db.${pid}.part`), 'half a copy');
  }
  await putBack(database, { directory, name: made.file });
  expect(readdirSync(dirname(database.name))).toEqual(['mcp.db']);
});

test('behind a symbolic link the file is replaced, not the link', async () => {
  const made = await backUp(database, { directory });
  await database.query('DELETE FROM tool_metrics');
  const link = join(temporaryFolder(), 'link.db');
  symlinkSync(database.name, link);
  await putBack({ ...database, name: link, url: `sqlite:///${link}` }, { directory, name: made.file });
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(await database.query('SELECT count(*) FROM tool_metrics')).toBe('1');
});

test('a file that is mounted by itself is refused, and keeps its journal mode (needs to mount)', async ({
  skip,
}) => {
  await database.query('PRAGMA journal_mode = wal');
  const made = await backUp(database, { directory });
  const mounted = spawnSync('mount', ['--bind', database.name, database.name]).status === 0;
  if (!mounted) skip();
  try {
    await expect(putBack(database, { directory, name: made.file })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('mount point'),
    });
    expect(await database.query('PRAGMA journal_mode')).toBe('wal');
  } finally {
    spawnSync('umount', [database.name]);
  }
});
