import { copyFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { judgeSpace } from '../../../src/doctor/sqlite/places.ts';
import { askDoctor } from '../../support/doctor.ts';
import { smallDisk } from '../../support/small-disk.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';
import { fileProblems } from './file-problems.ts';

test('a full disk, one with room for the migration only, and one with room for all (needs to mount)', async ({
  skip,
}) => {
  const source = await sqliteFile('v0.6.0');
  const kib = Math.ceil(statSync(source.name).size / 1_024);
  for (const [disk, problems] of [
    [kib + 100, ['file.space', 'file.backup']],
    [2 * kib + 100, ['file.backup']],
    [3 * kib + 100, []],
  ] as const) {
    const folder = smallDisk(disk);
    if (folder === undefined) return skip('this user may not mount a file system');
    const path = join(folder, 'mcp.db');
    copyFileSync(source.name, path);
    const answer = await askDoctor(`sqlite:///${path}`);
    expect([disk, fileProblems(answer)]).toEqual([disk, problems]);
    if (problems.length < 2) continue;
    expect(answer.of('file.space').findings[0]).toMatch(
      / has [\d.]+ KB free; a migration may need [\d.]+ KB$/,
    );
    expect(answer.of('file.backup').hint).toContain('--backup-dir');
  }
});

test('in WAL mode a migration needs more (needs to mount)', async ({ skip }) => {
  const source = await sqliteFile('v0.6.0');
  const folder = smallDisk(Math.ceil((statSync(source.name).size * 2.3) / 1_024));
  if (folder === undefined) return skip('this user may not mount a file system');
  const path = join(folder, 'mcp.db');
  copyFileSync(source.name, path);
  const space = async () => (await askDoctor(`sqlite:///${path}`)).of('file.space').status;
  expect(await space()).toBe('passed');
  const database = new SQLite(path);
  database.pragma('journal_mode = WAL');
  database.close();
  expect(await space()).toBe('failed');
});

test('a backup folder that cannot be one', async () => {
  const file = await sqliteFile('v0.6.0');
  writeFileSync(join(file.folder, 'mcpgw-backups'), 'a file');
  const { status, findings } = (await askDoctor(file.url)).of('file.backup');
  expect([status, findings[0]]).toEqual(['failed', expect.stringContaining('is a file, not a folder')]);
});

test('inodes count, too, where the file system counts them', () => {
  expect(judgeSpace('/data', { bytes: 1e9, files: 3 }, 1e6)).toMatchObject({
    count: 1,
    sample: ['/data has room for 3 more files only (inodes: df -i)'],
  });
  expect(judgeSpace('/data', { bytes: 1e9, files: null }, 1e6).count).toBe(0);
  expect(judgeSpace('/data', { bytes: 5e5, files: 0 }, 1e6).count).toBe(2);
});
