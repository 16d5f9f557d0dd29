import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import SQLite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { mcpgw } from '../../src/report/advice.ts';
import { lostInWal, readWal } from '../../src/salvage/index.ts';
import { holdDatabase } from '../doctor/sqlite/hold-database.ts';
import { migrate } from '../support/migrate.ts';
import { sqliteFile } from '../support/sqlite-file.ts';
import { FRAME, HEADER, killedWalWriter } from './killed-wal-writer.ts';

const JUNK = Buffer.from('overwrit');

/** What SQLite itself finds in a copy of the files. */
function committedTools(path: string): number {
  const database = new SQLite(path, { readonly: true });
  try {
    return (
      database.prepare("SELECT count(*) AS n FROM tools WHERE description = 'committed'").get() as {
        n: number;
      }
    ).n;
  } finally {
    database.close();
  }
}

describe('what SQLite would ignore although it was committed', () => {
  test('a frame in front of the commit is damaged, with or without the -shm', async () => {
    const { wal, frames, overwrite, removeIndex } = await killedWalWriter();
    expect(frames).toBeGreaterThan(2);
    expect(readWal(wal)).toMatchObject({ committed: frames, pending: frames, lost: null, doubt: null });
    overwrite(HEADER + FRAME + 848, JUNK);
    const lost = `frame 2 is damaged, and SQLite ignores it and all behind it: ${frames} committed pages (frames 1 to ${frames}) are not in the database`;
    expect(readWal(wal)).toMatchObject({ committed: 0, lost });
    removeIndex();
    expect(readWal(wal)).toMatchObject({ committed: 0, lost });
  });

  test('the salts of a frame, and a page number, are damaged', async () => {
    for (const at of [0, 8]) {
      const { wal, overwrite, removeIndex } = await killedWalWriter();
      removeIndex();
      overwrite(HEADER + FRAME + at, JUNK);
      expect(readWal(wal)?.lost).toContain('frame 2 is damaged');
    }
  });

  test('each part of the header is damaged', async () => {
    for (const [at, length] of [
      [0, 14],
      [0, 1],
      [8, 4],
      [16, 8],
      [24, 8],
    ] as const) {
      const { wal, frames, overwrite, removeIndex } = await killedWalWriter();
      overwrite(at, Buffer.alloc(length, 0xa5));
      const lost = expect.stringContaining(`its header is damaged, and SQLite ignores all of it: ${frames} `);
      expect(readWal(wal)).toMatchObject({ committed: 0, lost });
      removeIndex();
      expect(readWal(wal)).toMatchObject({ committed: 0, lost });
    }
  });

  test('the file was cut off, as the -shm proves; without it there is a doubt', async () => {
    const { wal, frames, removeIndex } = await killedWalWriter();
    truncateSync(wal, 12_000);
    expect(readWal(wal)).toMatchObject({
      committed: 0,
      lost: `the file ends within frame 3, and SQLite ignores it and all behind it: ${frames} committed pages (frames 1 to ${frames}) are not in the database`,
    });
    truncateSync(wal, 20);
    expect(readWal(wal)?.lost).toContain('its header is cut off');
    truncateSync(wal, 0);
    expect(readWal(wal)).toBeNull();
    removeIndex();
    const other = await killedWalWriter();
    truncateSync(other.wal, 12_000);
    other.removeIndex();
    expect(readWal(other.wal)).toMatchObject({
      lost: null,
      doubt: expect.stringContaining('frame 3 is cut off'),
    });
  });
});

describe('what is normal', () => {
  test('a log of which all is in the database may be damaged anyhow', async () => {
    const file = await sqliteFile('v0.7.0');
    const writer = await holdDatabase(
      file.name,
      "PRAGMA journal_mode = WAL; UPDATE tools SET description = 'committed'; PRAGMA wal_checkpoint(PASSIVE)",
    );
    await writer.kill();
    const wal = `${file.name}-wal`;
    const bytes = readFileSync(wal);
    bytes.fill(0xa5, HEADER + FRAME + 100, HEADER + FRAME + 200);
    writeFileSync(wal, bytes);
    expect(readWal(wal)?.lost).toBeNull();
    bytes.fill(0xa5, 0, 14);
    writeFileSync(wal, bytes);
    expect(readWal(wal)).toBeNull();
  });

  test('frames of the round before behind those of this one', async () => {
    const file = await sqliteFile('v0.7.0');
    const writer = await holdDatabase(
      file.name,
      "PRAGMA journal_mode = WAL; UPDATE tools SET description = 'one'; PRAGMA wal_checkpoint(RESTART); UPDATE tools SET description = 'two' WHERE rowid = 1",
    );
    await writer.kill();
    rmSync(`${file.name}-shm`);
    const wal = readWal(`${file.name}-wal`);
    expect(wal).toMatchObject({ lost: null, doubt: null });
    expect(HEADER + (wal?.committed ?? 0) * FRAME).toBeLessThan(wal?.bytes ?? 0);
  });

  test('a transaction that was killed before its commit, whole frames or not', async () => {
    const file = await sqliteFile('v0.7.0');
    const writer = await holdDatabase(
      file.name,
      "PRAGMA journal_mode = WAL; UPDATE tools SET description = 'committed'; PRAGMA cache_size = 1; BEGIN; UPDATE prompts SET template = hex(randomblob(3000))",
    );
    await writer.kill();
    const wal = `${file.name}-wal`;
    const whole = readWal(wal);
    expect(whole).toMatchObject({ lost: null, doubt: null });
    expect(HEADER + (whole?.committed ?? 0) * FRAME).toBeLessThan(whole?.bytes ?? 0);
    truncateSync(wal, (whole?.bytes ?? 0) - 1_000);
    expect(readWal(wal)).toMatchObject({ committed: whole?.committed, lost: null });
    expect(committedTools(file.name)).toBeGreaterThan(0);
  });

  test('a file of other bytes under that name', async () => {
    for (const other of [
      Buffer.from('not a log at all'),
      Buffer.alloc(50_000, 'some text '),
      Buffer.alloc(50_000),
    ]) {
      const file = await sqliteFile('v0.7.0');
      writeFileSync(`${file.name}-wal`, other);
      expect(readWal(`${file.name}-wal`)).toBeNull();
    }
  });

  test('a writer at work is never taken for damage', async () => {
    const file = await sqliteFile('v0.7.0');
    const database = new SQLite(file.name);
    try {
      database.pragma('journal_mode = WAL');
      database.pragma('wal_autocheckpoint = 7');
      for (let i = 0; i < 200; i++) {
        database.prepare('UPDATE tools SET description = ?').run(`round ${i}`);
        expect(readWal(`${file.name}-wal`)?.lost).toBeNull();
      }
    } finally {
      database.close();
    }
  });
});

test('SQLite would indeed lose it, and nothing that writes opens the file', async () => {
  const file = await killedWalWriter('v0.6.0');
  file.overwrite(5_000, JUNK);
  file.removeIndex();
  const [database, wal] = [readFileSync(file.name), readFileSync(file.wal)];
  const refusal = {
    code: 'CORRUPT',
    exitCode: 2,
    details: [expect.stringContaining(`${file.wal}: frame 2 is damaged`)],
    next: mcpgw('doctor'),
  };
  await expect(migrate({ url: file.url })).rejects.toMatchObject(refusal);
  expect(readFileSync(file.name).equals(database)).toBe(true);
  expect(readFileSync(file.wal).equals(wal)).toBe(true);
  expect(await lostInWal(file.name)).toContain(file.wal);
  expect(committedTools(file.name)).toBe(0);
});
