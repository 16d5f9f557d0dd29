import { chmodSync } from 'node:fs';
import SQLite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { cliReport } from '../../support/cli-report.ts';
import { askDoctor } from '../../support/doctor.ts';
import { fileFingerprint } from '../../support/fingerprint.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';
import { fileProblems } from './file-problems.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

describe('a healthy file', () => {
  for (const mode of ['DELETE', 'TRUNCATE', 'PERSIST', 'WAL']) {
    test(`is clean, and left as it was: journal mode ${mode}`, async () => {
      const file = await sqliteFile('v0.7.0');
      const database = new SQLite(file.name);
      database.pragma(`journal_mode = ${mode}`);
      // Leaves the journal of this mode behind.
      database.exec('UPDATE tools SET description = description');
      database.close();
      const before = fileFingerprint(file.name);
      const answer = await askDoctor(file.url);
      expect(fileProblems(answer)).toEqual([]);
      expect(answer.of('file.sqlite').findings[0]).toContain(mode === 'WAL' ? ', WAL,' : 'rollback journal');
      expect(fileFingerprint(file.name)).toEqual(before);
    });
  }

  test('is clean while a gateway has it open in WAL mode, and says who', async () => {
    const file = await sqliteFile('v0.7.0');
    const { holdDatabase } = await import('./hold-database.ts');
    const { pid } = await holdDatabase(
      file.name,
      'PRAGMA journal_mode = WAL; UPDATE tools SET description = description',
    );
    const before = fileFingerprint(file.name);
    const answer = await askDoctor(file.url);
    expect(fileProblems(answer)).toEqual([]);
    expect(fileFingerprint(file.name)).toEqual(before);
    if (process.platform !== 'linux') return;
    expect(answer.of('file.holders')).toMatchObject({ status: 'passed', count: 1 });
    expect(answer.of('file.holders').findings[0]).toMatch(
      new RegExp(`^node hold-database.mjs pid ${pid} on this host, running since \\d{4}-`),
    );
  });

  test.skipIf(!isRoot)('that this user may only read is told so and left alone (needs root)', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.folder, 0o755);
    chmodSync(file.name, 0o444);
    const before = fileFingerprint(file.name);
    const { exitCode, report } = await cliReport(file.url, ['doctor', '--repair', '--yes'], { uid: NOBODY });
    expect(exitCode).toBe(1);
    const failed = report.checks.filter(({ id, status }) => id.startsWith('file.') && status === 'failed');
    expect(failed.map(({ id }) => id)).toEqual(['file.writable', 'file.folder', 'file.backup']);
    expect(failed[0]?.findings[0]).toContain(
      `may not be written by nobody (${NOBODY}): owner root (0), mode 0444`,
    );
    expect(failed[0]?.command).toBe(`sudo chown ${NOBODY} ${file.name} && sudo chmod u+w ${file.name}`);
    expect(fileFingerprint(file.name)).toEqual(before);
  });
});
