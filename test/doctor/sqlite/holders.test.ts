import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, renameSync, unlinkSync } from 'node:fs';
import SQLite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { parseLsof } from '../../../src/doctor/sqlite/holders.ts';
import { askDoctor } from '../../support/doctor.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';
import { fileProblems } from './file-problems.ts';
import { holdDatabase } from './hold-database.ts';

const SINCE = String.raw`running since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;

describe.skipIf(process.platform !== 'linux')('who has the file (by /proc)', () => {
  for (const mode of ['DELETE', 'WAL']) {
    test(`an exclusive lock of another process, in journal mode ${mode}: who, and nothing waits for it`, async () => {
      const file = await sqliteFile('v0.7.0');
      const set = `PRAGMA journal_mode = ${mode}`;
      const { pid, kill } = await holdDatabase(
        file.name,
        `${set}; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE tools SET description = description`,
      );
      const since = performance.now();
      const answer = await askDoctor(file.url);
      expect(answer.of('file.exclusive')).toMatchObject({
        status: 'failed',
        findings: [
          expect.stringMatching(
            new RegExp(`^node hold-database.mjs pid ${pid} on this host, ${SINCE}, has an exclusive lock`),
          ),
        ],
      });
      // No wait of the busy timeout, 5 s, is among it.
      expect(performance.now() - since).toBeLessThan(4_500);
      expect(answer.of('database.open').status).toBe('skipped');
      await kill();
      await askDoctor(file.url, { repair: true });
      expect(fileProblems(await askDoctor(file.url))).toEqual([]);
    });

    test(`the write lock of another process, in journal mode ${mode}`, async () => {
      const file = await sqliteFile('v0.7.0');
      const { pid, kill } = await holdDatabase(file.name, `PRAGMA journal_mode = ${mode}; BEGIN IMMEDIATE`);
      const answer = await askDoctor(file.url);
      expect(fileProblems(answer)).toEqual(['file.write-lock']);
      expect(answer.of('file.write-lock')).toMatchObject({
        status: 'failed',
        count: 1,
        findings: [expect.stringContaining(`pid ${pid} on this host`)],
        hint: expect.stringContaining('never delete a -wal'),
      });
      await kill();
      expect((await askDoctor(file.url)).of('file.write-lock').status).toBe('passed');
    });
  }

  test('a long read keeps a commit waiting without WAL, and nobody with it', async () => {
    const file = await sqliteFile('v0.7.0');
    const sql = 'BEGIN; SELECT count(*) FROM tools';
    const { pid, kill } = await holdDatabase(file.name, sql);
    const { status, findings } = (await askDoctor(file.url)).of('file.readers');
    expect([status, findings[0]]).toEqual(['warned', expect.stringContaining(`pid ${pid} `)]);
    await kill();
    await holdDatabase(file.name, `PRAGMA journal_mode = WAL; ${sql}`);
    expect(fileProblems(await askDoctor(file.url))).toEqual([]);
  });

  test('a process that still has a replaced file open', async () => {
    const file = await sqliteFile('v0.7.0');
    copyFileSync(file.name, `${file.folder}/new.db`);
    const { pid, kill } = await holdDatabase(file.name, 'SELECT count(*) FROM tools');
    unlinkSync(file.name);
    renameSync(`${file.folder}/new.db`, file.name);
    const answer = await askDoctor(file.url);
    expect(answer.of('file.replaced')).toMatchObject({
      status: 'warned',
      findings: [
        expect.stringMatching(new RegExp(`pid ${pid} .*, still has the removed ${file.name} open$`)),
      ],
    });
    expect(answer.of('file.holders').count).toBe(0);
    await kill();
    expect((await askDoctor(file.url)).of('file.replaced').status).toBe('passed');
  });
});

test('no secret on the command line of another process is shown', async () => {
  const file = await sqliteFile('v0.7.0');
  await holdDatabase(file.name, "SELECT 'password=do-not-show-me'");
  const { report, stderr } = await askDoctor(file.url, { verbose: true });
  expect(JSON.stringify(report) + stderr).not.toContain('do-not-show-me');
});

test('the fields of lsof', async () => {
  expect(parseLsof('p612\ncPython\nu501\nf9\nf11\np700\ncnode\nu0\nf3\n')).toEqual([
    { pid: 612, text: 'Python pid 612 on this host', uid: 501 },
    { pid: 700, text: 'node pid 700 on this host', uid: 0 },
  ]);
  expect(parseLsof('')).toEqual([]);
});

test('lsof says what it is taken to say (needs lsof)', async ({ skip }) => {
  if (spawnSync('lsof', ['-v']).error !== undefined) skip('there is no lsof');
  const file = await sqliteFile('v0.7.0');
  const { pid } = await holdDatabase(file.name, 'SELECT count(*) FROM tools');
  const text = execFileSync('lsof', ['-w', '-F', 'pcu', '--', file.name], { encoding: 'utf8' });
  expect(parseLsof(text)).toContainEqual({
    pid,
    text: expect.stringMatching(/^node\S* pid \d+ on this host$/),
    uid: process.getuid?.(),
  });
  new SQLite(file.name).close();
});
