import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { applyWal } from '../../src/salvage/wal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { rowsOf } from './damaged-file.ts';

const FRAME = 4_096 + 24;

/** A database whose last transactions are in its -wal only, copied while it was open. */
function withWal(): { database: string; wal: string; frames: number } {
  const folder = temporaryFolder();
  const live = join(folder, 'live.db');
  const db = new SQLite(live);
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA wal_autocheckpoint = 0;
    CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)`);
  db.pragma('wal_checkpoint(TRUNCATE)');
  for (let i = 1; i <= 20; i++) db.exec(`INSERT INTO t VALUES (${i}, '${`text ${i} `.repeat(300)}')`);
  db.exec('DELETE FROM t WHERE id = 3');
  const database = join(folder, 'copy.db');
  copyFileSync(live, database);
  copyFileSync(`${live}-wal`, `${database}-wal`);
  db.close();
  const wal = `${database}-wal`;
  return { database, wal, frames: (statSync(wal).size - 32) / FRAME };
}

/** What SQLite itself reads of a database and its -wal. */
function readBySqlite(database: string, wal: string) {
  const other = join(temporaryFolder(), 'other.db');
  copyFileSync(database, other);
  copyFileSync(wal, `${other}-wal`);
  const db = new SQLite(other);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  return rowsOf(other);
}

/** Into a copy without WAL mode, which would look for the -wal again. */
function readByUs(database: string, wal: string) {
  const other = join(temporaryFolder(), 'other.db');
  copyFileSync(database, other);
  const applied = applyWal(wal, other);
  const bytes = readFileSync(other);
  bytes.set([1, 1], 18);
  writeFileSync(other, bytes);
  return { applied, rows: rowsOf(other) };
}

test('all that was committed is in the database afterwards, and the -wal is as it was', () => {
  const { database, wal, frames } = withWal();
  const before = readFileSync(wal);
  const { applied, rows } = readByUs(database, wal);
  expect(applied).toEqual({ frames, left: 0, pageSize: 4_096 });
  expect(rows.get('t')?.size).toBe(19);
  expect(rows).toEqual(readBySqlite(database, wal));
  expect(readFileSync(wal).equals(before)).toBe(true);
  expect(existsSync(database)).toBe(true);
});

test.each([0.2, 0.5, 0.9])('what lies behind a damaged frame does not count, as for SQLite (%f)', (place) => {
  const { database, wal, frames } = withWal();
  const bytes = readFileSync(wal);
  bytes.fill(
    0x55,
    32 + Math.floor(frames * place) * FRAME + 100,
    32 + Math.floor(frames * place) * FRAME + 140,
  );
  writeFileSync(wal, bytes);
  const { applied, rows } = readByUs(database, wal);
  expect(applied?.frames).toBeLessThanOrEqual(Math.floor(frames * place));
  expect(applied?.left).toBeGreaterThan(0);
  expect(rows).toEqual(readBySqlite(database, wal));
});

test('a -wal that was cut counts up to its last whole transaction', () => {
  const { database, wal } = withWal();
  writeFileSync(wal, readFileSync(wal).subarray(0, -1));
  expect(readByUs(database, wal).rows).toEqual(readBySqlite(database, wal));
});

test('one with a damaged header holds nothing', () => {
  const { database, wal } = withWal();
  writeFileSync(wal, readFileSync(wal).fill(0, 16, 20));
  expect(readByUs(database, wal).applied).toBeNull();
});
