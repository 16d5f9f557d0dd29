import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import SQLite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { isLarge } from '../../../src/doctor/sqlite/wal.ts';
import { readWal } from '../../../src/salvage/index.ts';
import { askDoctor } from '../../support/doctor.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';
import { fileProblems } from './file-problems.ts';
import { holdDatabase } from './hold-database.ts';

const WRITE =
  "PRAGMA journal_mode = WAL; CREATE TABLE kept (n INTEGER); INSERT INTO kept SELECT value FROM json_each('[1,2,3,4,5]'); UPDATE tools SET description = 'committed'";

function committed(path: string): unknown {
  const database = new SQLite(path, { readonly: true });
  try {
    return [
      database.prepare('SELECT count(*) AS n FROM kept').get(),
      database.prepare("SELECT count(*) AS n FROM tools WHERE description <> 'committed'").get(),
      database.pragma('integrity_check', { simple: true }),
    ];
  } finally {
    database.close();
  }
}

describe('file.wal', () => {
  test('committed rows that a killed writer left in it are found and brought over: none is lost', async () => {
    const file = await sqliteFile('v0.7.0');
    const writer = await holdDatabase(file.name, WRITE);
    await writer.kill();
    const wal = readWal(`${file.name}-wal`);
    expect(wal?.pending).toBeGreaterThan(0);

    const found = await askDoctor(file.url);
    expect(found.of('file.wal')).toMatchObject({
      status: 'warned',
      fixable: true,
      findings: [
        expect.stringContaining(
          `${wal?.pending} committed pages are not in the database file yet; the program`,
        ),
      ],
      hint: expect.stringContaining('deleting the -wal deletes them'),
    });

    const repaired = await askDoctor(file.url, { repair: true });
    expect(repaired.report.steps).toContainEqual(expect.objectContaining({ id: 'file.wal', status: 'done' }));
    expect(fileProblems(repaired)).toEqual([]);
    expect(existsSync(`${file.name}-wal`)).toBe(false);
    // The file alone has it all now.
    const alone = `${file.folder}/alone.db`;
    copyFileSync(file.name, alone);
    expect(committed(alone)).toEqual([{ n: 5 }, { n: 0 }, 'ok']);
  });

  test('counts what SQLite counts, also after a checkpoint and in the next round', async () => {
    const file = await sqliteFile('v0.7.0');
    const database = new SQLite(file.name);
    try {
      database.pragma('journal_mode = WAL');
      const wal = () => readWal(`${file.name}-wal`);
      const frames = () => {
        const [row] = database.pragma('wal_checkpoint(PASSIVE)') as { log: number; checkpointed: number }[];
        return row;
      };
      database.exec("UPDATE tools SET description = 'one'");
      const before = wal();
      expect(before?.pending).toBe(before?.committed);
      expect(frames()).toMatchObject({ log: before?.committed });
      expect(wal()).toMatchObject({ committed: before?.committed, pending: 0 });
      // Begins at the front again; what lies behind is of the round before.
      database.exec("UPDATE tools SET description = 'two' WHERE rowid = 1");
      expect(wal()?.committed).toBeLessThan(before?.committed ?? 0);
      expect(frames()).toMatchObject({ log: wal()?.committed });
    } finally {
      database.close();
    }
  });

  test('a very large one is a warning, with who keeps it from being emptied', async () => {
    const file = await sqliteFile('v0.7.0');
    const reader = await holdDatabase(
      file.name,
      'PRAGMA journal_mode = WAL; BEGIN; SELECT count(*) FROM tools',
    );
    const writer = new SQLite(file.name);
    try {
      writer.exec('CREATE TABLE filler (content TEXT)');
      for (let i = 0; i < 18; i++) writer.exec('INSERT INTO filler VALUES (randomblob(1000000))');
      const { size } = statSync(`${file.name}-wal`);
      expect(size).toBeGreaterThan(18_000_000);
      const { status, findings } = (await askDoctor(file.url)).of('file.wal');
      expect([status, findings[0]]).toEqual(['warned', expect.stringContaining('it is very large')]);
      if (process.platform === 'linux') {
        expect(findings.join('\n')).toContain(`pid ${reader.pid} on this host`);
      }
      // While somebody reads it cannot be emptied: said, and nothing lost.
      const refused = await askDoctor(`${file.url}?timeout=0.2`, { repair: true });
      expect(refused.report.steps).toContainEqual(
        expect.objectContaining({ id: 'file.wal', status: 'failed' }),
      );
      await reader.kill();
      const repaired = await askDoctor(file.url, { repair: true });
      expect(repaired.of('file.wal')).toMatchObject({ status: 'passed' });
      expect(writer.prepare('SELECT count(*) AS n FROM filler').get()).toEqual({ n: 18 });
      expect(statSync(`${file.name}-wal`).size).toBe(0);
    } finally {
      writer.close();
    }
  });

  test('large is more than 64 MB, or more than the database and 16 MB', () => {
    expect(isLarge(65e6, 1e12)).toBe(true);
    expect(isLarge(20e6, 10e6)).toBe(true);
    expect(isLarge(20e6, 30e6)).toBe(false);
    expect(isLarge(4.2e6, 300e3)).toBe(false);
  });

  test('a -shm that is left over is harmless', async () => {
    const file = await sqliteFile('v0.7.0');
    const writer = await holdDatabase(file.name, WRITE);
    copyFileSync(`${file.name}-shm`, `${file.folder}/shm`);
    await writer.kill();
    const last = new SQLite(file.name);
    last.pragma('wal_checkpoint(TRUNCATE)');
    last.close();
    copyFileSync(`${file.folder}/shm`, `${file.name}-shm`);
    const answer = await askDoctor(file.url);
    expect(answer.of('file.wal')).toMatchObject({
      status: 'passed',
      findings: [`${file.name}-shm is left over, which is harmless`],
    });
  });
});

describe('file.wal-match', () => {
  test('a database under the -wal of another one is not opened, and the command repairs it', async () => {
    const file = await sqliteFile('v0.7.0');
    const other = await sqliteFile('v0.7.0');
    const writer = await holdDatabase(other.name, WRITE);
    copyFileSync(`${other.name}-wal`, `${file.name}-wal`);
    await writer.kill();
    const [database, wal] = [readFileSync(file.name), readFileSync(`${file.name}-wal`)];
    const answer = await askDoctor(file.url, { repair: true });
    const match = answer.of('file.wal-match');
    expect(match).toMatchObject({
      status: 'failed',
      findings: [expect.stringContaining('is not in WAL mode, but')],
      command: `mv -n ${file.name}-wal ${file.name}-wal.of-another-database`,
    });
    expect(answer.of('database.open').status).toBe('skipped');
    expect(readFileSync(file.name).equals(database)).toBe(true);
    expect(readFileSync(`${file.name}-wal`).equals(wal)).toBe(true);
    const { execFileSync } = await import('node:child_process');
    execFileSync('sh', ['-c', match.command ?? '']);
    expect(fileProblems(await askDoctor(file.url))).toEqual([]);
    expect(readFileSync(`${file.name}-wal.of-another-database`).equals(wal)).toBe(true);
  });

  test('pages of another size', async () => {
    const file = await sqliteFile('v0.7.0');
    const other = await sqliteFile('v0.7.0');
    const database = new SQLite(file.name);
    database.pragma('page_size = 8192');
    database.exec('VACUUM');
    database.pragma('journal_mode = WAL');
    database.close();
    const writer = await holdDatabase(other.name, WRITE);
    copyFileSync(`${other.name}-wal`, `${file.name}-wal`);
    await writer.kill();
    expect((await askDoctor(file.url)).of('file.wal-match').findings[0]).toContain('has pages of 8192 bytes');
  });
});
