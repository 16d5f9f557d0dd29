import { copyFileSync, existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Report } from '../../../src/report/report.ts';
import { committedPages, missingPages } from '../../../src/salvage/index.ts';
import { type KilledWriter, killedWalWriter } from '../../salvage/killed-wal-writer.ts';
import { askDoctor } from '../../support/doctor.ts';
import { spawnCli } from '../../support/spawn-cli.ts';
import { fileProblems } from './file-problems.ts';

const JUNK = Buffer.from('overwrit');

async function unchangedBy(file: KilledWriter, run: () => Promise<unknown>): Promise<void> {
  const [database, wal] = [readFileSync(file.name), readFileSync(file.wal)];
  await run();
  expect(readFileSync(file.name).equals(database)).toBe(true);
  expect(readFileSync(file.wal).equals(wal)).toBe(true);
}

test('a -wal damaged in front of its commit is an error, and no repair brings over a part of it', async () => {
  const file = await killedWalWriter();
  file.overwrite(5_000, JUNK);
  file.removeIndex();
  await unchangedBy(file, async () => {
    const found = await askDoctor(file.url);
    expect(found.of('file.wal-whole')).toMatchObject({
      status: 'failed',
      count: 1,
      findings: [expect.stringContaining(`${file.wal}: frame 2 is damaged`)],
    });
    expect(found.of('file.wal').status).toBe('skipped');
    expect(found.of('database.open').status).toBe('skipped');
  });
  await unchangedBy(file, async () => {
    const repaired = await askDoctor(file.url, { repair: true });
    expect(repaired.of('file.wal-whole').status).toBe('failed');
    expect(repaired.report.exitCode).not.toBe(0);
    expect(repaired.report.warnings.join()).toContain('in the copy that is kept, and not in the new file');
  });
  // What is salvaged is beside it, and what it was made from, too.
  const [folder = ''] = readdirSync(join(file.folder, 'mcpgw-backups'));
  expect(folder).toMatch(/^damaged-/);
  const kept = join(file.folder, 'mcpgw-backups', folder, 'mcp.db-wal');
  expect(readFileSync(kept).equals(readFileSync(file.wal))).toBe(true);
});

test.each([
  ['its header overwritten', (file: KilledWriter) => file.overwrite(0, Buffer.alloc(14, 0xa5))],
  ['cut off within a frame', (file: KilledWriter) => truncateSync(file.wal, 12_000)],
] as const)('a -wal with %s is an error, and nothing that writes touches it', async (_, damage) => {
  const old = await killedWalWriter('v0.6.0');
  const current = await killedWalWriter();
  for (const file of [old, current]) {
    damage(file);
    // Looking at it takes nothing away, not even the -shm, which may be all that tells.
    for (let i = 0; i < 2; i++)
      expect((await askDoctor(file.url)).of('file.wal-whole').status).toBe('failed');
  }
  for (const [file, command] of [
    [old, 'migrate'],
    [current, 'fix'],
    [current, 'rollback'],
  ] as const) {
    await unchangedBy(file, async () => {
      const { exitCode, stdout } = await spawnCli([command, '--yes', '--format', 'json'], {
        env: { DATABASE_URL: file.url },
      });
      expect([command, exitCode]).toEqual([command, 2]);
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'CORRUPT',
        details: [expect.stringContaining(file.wal)],
        hint: expect.stringContaining('mcpgw doctor'),
      });
    });
  }
});

test('a migration that is only shown says that it would be refused', async () => {
  const file = await killedWalWriter('v0.6.0');
  file.overwrite(5_000, JUNK);
  await unchangedBy(file, async () => {
    const { exitCode, stdout } = await spawnCli(['migrate', '--dry-run', '--format', 'json'], {
      env: { DATABASE_URL: file.url },
    });
    expect(exitCode).toBe(1);
    const { warnings, next } = JSON.parse(stdout) as Report;
    expect(warnings.filter((text) => text.includes('damaged'))).toEqual([
      expect.stringMatching(/^A run would refuse: .*frame 2 is damaged/),
    ]);
    expect(next).toBe('mcpgw doctor');
  });
});

test('a -wal of which the end is unclear is copied before the checkpoint', async () => {
  const file = await killedWalWriter();
  truncateSync(file.wal, 12_000);
  file.removeIndex();
  const wal = readFileSync(file.wal);
  expect((await askDoctor(file.url)).of('file.wal')).toMatchObject({
    status: 'warned',
    findings: [expect.anything(), expect.stringContaining('frame 3 is cut off')],
  });
  const repaired = await askDoctor(file.url, { repair: true });
  expect(repaired.report.steps).toContainEqual(expect.objectContaining({ id: 'file.wal', status: 'done' }));
  expect(fileProblems(repaired)).toEqual([]);
  const [folder = ''] = readdirSync(join(file.folder, 'mcpgw-backups'));
  const kept = join(file.folder, 'mcpgw-backups', folder, 'mcp.db-wal');
  expect(readFileSync(kept).equals(wal)).toBe(true);
});

test('every page that was committed is compared after a checkpoint', async () => {
  const file = await killedWalWriter();
  const pages = committedPages(file.wal);
  expect(pages.hashes.size).toBeGreaterThan(1);
  expect(missingPages(file.name, pages)).not.toEqual([]);
  const repaired = await askDoctor(file.url, { repair: true });
  expect(JSON.stringify(repaired.report)).toContain(
    `${pages.hashes.size} committed pages were compared: all are in ${file.name}`,
  );
  expect(missingPages(file.name, pages)).toEqual([]);
  expect(existsSync(join(file.folder, 'mcpgw-backups'))).toBe(false);
});

test('a transaction that made the database smaller leaves no pages to be missed', async () => {
  const file = await killedWalWriter();
  const copy = join(file.folder, 'copy.db');
  const database = new SQLite(file.name);
  try {
    database.pragma('wal_autocheckpoint = 0');
    database.exec('CREATE TABLE filler (content TEXT); INSERT INTO filler VALUES (randomblob(500000))');
    database.exec('DROP TABLE filler; VACUUM');
    const pages = committedPages(file.wal);
    const size = Number(database.pragma('page_count', { simple: true }));
    expect(Math.max(...pages.hashes.keys())).toBeLessThanOrEqual(size);
    database.pragma('wal_checkpoint(PASSIVE)');
    copyFileSync(file.name, copy);
    expect(missingPages(copy, pages)).toEqual([]);
  } finally {
    database.close();
  }
});
