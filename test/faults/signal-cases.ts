import { expect, test } from 'vitest';
import type { DatabaseId } from '../support/database-kinds.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { describeDatabases } from './describe-databases.ts';
import { endState, hooked, smallV060 } from './kill-support.ts';
import { at, IS_STUCK, oneLine, openRead, until } from './lock-support.ts';

export const SIGNALS = [
  { signal: 'SIGTERM', exitCode: 143, code: 'TERMINATED' },
  { signal: 'SIGINT', exitCode: 130, code: 'INTERRUPTED' },
  { signal: 'SIGHUP', exitCode: 143, code: 'TERMINATED' },
] as const;

/**
 * Signals to a run that works, and to one that waits.
 *
 * @param signalsOn which of them a run on this database gets
 */
export function signalCases(
  ids: readonly DatabaseId[],
  signalsOn: (id: DatabaseId) => readonly (typeof SIGNALS)[number][],
): void {
  describeDatabases(ids, 'a signal', ({ id, dialect }) => {
    test.each(signalsOn(id))(
      '$signal stops a run at the next statement, and says how to go on',
      async ({ signal, exitCode }) => {
        const database = await smallV060(id);
        const before = await endState(database);
        const stopped = await spawnCli(['migrate', '--no-backup'], hooked(database.url, { at: 5, signal }));
        expect([stopped.exitCode, stopped.stdout]).toEqual([exitCode, '']);
        const says = oneLine(stopped.stderr);
        expect(says).toContain(`Stopped by ${signal}.`);
        expect(says).toContain('Stopping at the next safe point.');
        if (dialect === 'mysql') {
          expect(says).toContain('What was done so far stays, and is right. To go on, run: mcpgw migrate');
        } else {
          expect(says).toContain('the database is as it was. To start again, run: mcpgw migrate');
          expect(await endState(database)).toEqual(before);
        }
        expect((await spawnCli(['migrate', '--no-backup'], at(database))).exitCode).toBe(0);
        expect((await spawnCli(['verify'], at(database))).exitCode).toBe(0);
      },
    );

    test('ends the wait for another run', async () => {
      const database = await smallV060(id);
      const holder = await startCli(
        ['migrate', '--no-backup'],
        hooked(database.url, { at: 2, phase: 'before', waitMs: 60_000 }),
      );
      await holder.shows('[hook]');
      const run = await startCli(['migrate', '--no-backup', '--lock-timeout', '50'], at(database));
      await run.shows('Waiting for ');
      run.child.kill('SIGTERM');
      const ended = await run.ended;
      expect([ended.exitCode, ended.stdout]).toEqual([143, '']);
      expect(ended.durationMs).toBeLessThan(20_000);
      holder.child.kill('SIGKILL');
      await holder.ended;
      expect((await spawnCli(['migrate', '--no-backup'], at(database))).exitCode).toBe(0);
    });
  });

  describeDatabases(
    ids.filter((id) => id !== 'sqlite'),
    'a second signal',
    ({ id }) => {
      test.each([
        { signal: 'SIGINT', exitCode: 130 },
        { signal: 'SIGTERM', exitCode: 143 },
      ] as const)('$signal ends the program at once', async ({ signal, exitCode }) => {
        const database = await smallV060(id);
        const close = await openRead(database);
        const run = await startCli(['migrate', '--no-backup'], at(database));
        await until(() => IS_STUCK[database.dialect](database, run.pid));
        run.child.kill(signal);
        await run.shows('Once more stops at once.');
        const since = performance.now();
        run.child.kill(signal);
        const ended = await run.ended;
        expect(performance.now() - since).toBeLessThan(2_000);
        expect([ended.exitCode, ended.stdout]).toEqual([exitCode, '']);
        await close();
        expect((await spawnCli(['migrate', '--no-backup'], at(database))).exitCode).toBe(0);
      });
    },
  );
}
