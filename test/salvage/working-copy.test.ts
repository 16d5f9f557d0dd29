import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { NATIVE_MODULES } from '../../src/native-modules.ts';
import { salvage } from '../../src/salvage/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { OPTIONS, rowsOf } from './damaged-file.ts';

test('a transaction that was cut short is taken back, even where the header was damaged since', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'mcp.db');
  const db = new SQLite(file);
  db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)');
  const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
  for (let i = 1; i <= 300; i++) insert.run(i, `before ${i} `.repeat(30));
  db.close();
  const before = rowsOf(file);
  // With no room in the cache the changed pages go into the file before the commit.
  const writer = `
    const db = new (require('${NATIVE_MODULES.sqlite.name}'))(${JSON.stringify(file)});
    db.exec("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; UPDATE t SET text = replace(text, 'before', 'during')");
    process.kill(process.pid, 'SIGKILL')`;
  await once(spawn(process.execPath, ['-e', writer], { stdio: 'ignore' }), 'exit');
  const journal = `${file}-journal`;
  expect(statSync(journal).size).toBeGreaterThan(4_096);
  expect(readFileSync(file, 'latin1')).toContain('during 7 ');
  writeFileSync(file, readFileSync(file).fill(0, 0, 16));

  const into = join(folder, 'new.db');
  const report = await salvage({ file, wal: null, journal }, into, OPTIONS);
  expect(report?.beside).toEqual(['a transaction that was cut short was taken back (-journal)']);
  expect(rowsOf(into)).toEqual(before);
  expect(existsSync(journal)).toBe(true);
});

test('of a file without a page of a database nothing is made', async () => {
  const file = join(temporaryFolder(), 'mcp.db');
  writeFileSync(file, Buffer.alloc(40_960));
  expect(await salvage({ file, wal: null, journal: null }, `${file}.new`, OPTIONS)).toBeNull();
  expect(existsSync(`${file}.new`)).toBe(false);
});
