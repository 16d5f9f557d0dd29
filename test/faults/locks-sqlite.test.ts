import { setTimeout as sleep } from 'node:timers/promises';
import SQLite from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { expectMigratedOnce } from './at-once.ts';
import { lockCases } from './lock-cases.ts';
import { at, database, IS_STUCK, oneLine, openRead, TIME, until } from './lock-support.ts';

lockCases(['sqlite']);

describe('an SQLite file that another program writes to', () => {
  for (const mode of ['DELETE', 'WAL']) {
    test(`in journal mode ${mode}: exit 2 names the program`, async () => {
      const made = await database('sqlite', 'v0.6.0');
      const other = new SQLite(made.name);
      onTestFinished(() => void other.close());
      other.pragma(`journal_mode = ${mode}`);
      other.exec(`BEGIN IMMEDIATE; UPDATE tools SET name = name`);

      const run = await spawnCli(['migrate', '--no-backup', '--lock-timeout', '1'], at(made));
      const pid = new RegExp(`locked by \\S.* pid ${process.pid} on this host, running since ${TIME}`);
      if (process.platform === 'linux') expect(oneLine(run.stderr)).toMatch(pid);
      expect(run.stderr).not.toContain('Another run of mcpgw');
      expect(run.exitCode).toBe(2);

      other.exec('ROLLBACK');
      expect((await spawnCli(['migrate', '--no-backup'], at(made))).exitCode).toBe(0);
    });
  }

  test('a reader holds up the commit only until it is done', async () => {
    const made = await database('sqlite', 'v0.6.0');
    const closeRead = await openRead(made);
    const run = await startCli(['migrate', '--no-backup'], at(made));
    await until(() => IS_STUCK.sqlite(made, run.pid));
    await sleep(500);
    await closeRead();
    expect((await run.ended).exitCode).toBe(0);
    await expectMigratedOnce(made, 'v0.6.0');
  });
});
