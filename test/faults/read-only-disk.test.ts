import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { backup } from '../../src/commands/backup.ts';
import type { Io } from '../../src/commands/io.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { restore } from '../../src/commands/restore.ts';
import { beforeStatement } from '../support/before-statement.ts';
import { commandRuns } from '../support/command-run.ts';
import { failingDisk } from '../support/failing-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { SAMPLE } from './at-once.ts';
import { endState } from './kill-support.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, yes: true } as const;

/** What is on the disk, where it can be written again. */
function salvaged(folder: string) {
  const elsewhere = temporaryFolder();
  for (const name of readdirSync(folder).filter((each) => each.startsWith('mcp.db')))
    copyFileSync(join(folder, name), join(elsewhere, name));
  return { url: `sqlite:///${join(elsewhere, 'mcp.db')}` };
}
const stateOf = (database: { url: string }) => endState(database as Parameters<typeof endState>[0]);

describe('a disk that Linux makes read-only [sqlite]', () => {
  test.for(['DELETE', 'WAL'])(
    'in the middle of a migration, journal mode %s: as before',
    async (mode, context) => {
      const disk = failingDisk(16);
      if (disk === undefined) return context.skip('this user may not mount a file system');
      const file = join(disk.folder, 'mcp.db');
      const url = `sqlite:///${file}`;
      await createSample(url, SAMPLE);
      const prepare = new SQLite(file);
      prepare.pragma(`journal_mode = ${mode}`);
      prepare.close();
      const before = await stateOf({ url });
      const run = commandRuns({ url }, temporaryFolder());
      beforeStatement(/INSERT INTO .*tools/, disk.fail);
      const { report } = await run((io) => migrate(io, { ...GLOBAL, backup: false }));
      const says = JSON.stringify(report.error);
      expect([says, report.exitCode]).toEqual([says, 2]);
      expect(['READ_ONLY', 'DISK_FULL', 'FAILED', 'CORRUPT']).toContain(report.error?.code);
      const copy = salvaged(disk.folder);
      expect(await stateOf(copy)).toEqual(before);
      const again = await commandRuns(
        copy,
        temporaryFolder(),
      )((io) => migrate(io, { ...GLOBAL, backup: false }));
      expect(again.report).toMatchObject({ exitCode: 0, error: null });
    },
  );

  test('before a restore swaps the file, and before a backup is written: nothing changed', async (context) => {
    const disk = failingDisk(16);
    if (disk === undefined) return context.skip('this user may not mount a file system');
    const url = `sqlite:///${join(disk.folder, 'mcp.db')}`;
    await createSample(url, SAMPLE);
    const before = await stateOf({ url });
    const cwd = temporaryFolder();
    const run = commandRuns({ url }, cwd);
    const kept = { ...GLOBAL, backupDir: join(cwd, 'kept') };
    expect((await run((io) => backup(io, kept))).report.exitCode).toBe(0);
    const [from = ''] = readdirSync(kept.backupDir).filter((name) => name.endsWith('.json'));
    disk.fail();
    const tries: readonly ((io: Io) => Promise<number>)[] = [
      (io) => restore(io, { ...kept, from, confirm: 'mcp' }),
      (io) => backup(io, { ...GLOBAL, backupDir: join(disk.folder, 'backups') }),
    ];
    for (const command of tries) {
      const { report } = await run(command);
      const says = JSON.stringify(report.error);
      expect([says, report.exitCode]).toEqual([says, 2]);
      expect(report.error?.code).toBe('PERMISSION');
    }
    expect(await stateOf(salvaged(disk.folder))).toEqual(before);
  });
});
