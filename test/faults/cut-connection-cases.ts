import { expect, test } from 'vitest';
import type { DatabaseId } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { direct, expectInterrupted, IMPATIENT, plain } from './cut-connection-support.ts';
import { describeDatabases } from './describe-databases.ts';
import { endState, held, smallV060, undisturbed } from './kill-support.ts';
import { oneLine } from './lock-support.ts';

const RUN = ['migrate', '--no-backup'];

/** Ends every connection of others to the database, as an administrator does. */
async function endOthers(database: TestDatabase): Promise<void> {
  if (database.dialect === 'postgresql') {
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    return;
  }
  const ids = await database.query(
    'SELECT id FROM information_schema.PROCESSLIST WHERE db = database() AND id <> connection_id()',
  );
  for (const id of ids.split('\n').filter((line) => line !== '')) await database.query(`KILL ${id}`);
}

export interface CutOptions {
  /** After how many bytes in each direction the connection is cut. */
  readonly up: readonly number[];
  readonly down: readonly number[];
  /** Where the half minute is spent that it takes to see that a silent server is gone. */
  readonly silences: readonly DatabaseId[];
}

/** A server that goes away, in each of the ways it can. */
export function cutConnectionCases(ids: readonly DatabaseId[], { silences, ...offsets }: CutOptions): void {
  describeDatabases(ids, 'a server that goes away', ({ id, dialect }) => {
    const start = async () => {
      const { end } = await undisturbed(id);
      const database = await smallV060(id);
      const before = await endState(database);
      const proxy = await tcpProxy(database.url);
      return { database, proxy, through: plain(proxy.url, dialect), states: { before, end } };
    };

    test('ends the connection of a run (pg_terminate_backend, KILL)', async () => {
      const { database, states } = await start();
      const hook = held(database.url, { at: 6 });
      const run = await startCli(RUN, hook);
      await run.shows('[hook]');
      await endOthers(database);
      hook.letGo();
      await expectInterrupted(database, await run.ended, states);
    });

    test('is stopped in the middle of a run', async () => {
      const { database, proxy, through, states } = await start();
      const hook = held(through, { at: 6 });
      const run = await startCli(RUN, hook);
      await run.shows('[hook]');
      proxy.stop();
      hook.letGo();
      await expectInterrupted(database, await run.ended, states);
    });

    test('does not answer at all: connecting is given up', async () => {
      const { database, proxy, through, states } = await start();
      proxy.blackHole();
      const run = await spawnCli(RUN, direct(through));
      expect(run.exitCode).toBe(2);
      expect(run.durationMs).toBeLessThan(12_000);
      expect(await endState(database)).toEqual(states.before);
    });

    test('falls silent: --statement-timeout ends the run', async () => {
      const { database, proxy, through, states } = await start();
      const hook = held(through, { at: 6 });
      const run = await startCli([...RUN, '--statement-timeout', '2'], hook);
      await run.shows('[hook]');
      proxy.blackHole();
      hook.letGo();
      const ended = await run.ended;
      expect(oneLine(ended.stderr)).toContain('not done after 2 s (--statement-timeout)');
      expect(ended.durationMs).toBeLessThan(20_000);
      await endOthers(database);
      await expectInterrupted(database, ended, states);
    });

    test.runIf(silences.includes(id))(
      'falls silent: without a time-out, that it cannot be reached any more ends the run',
      async () => {
        const { database, proxy, through, states } = await start();
        const hook = held(through, { at: 6 });
        const run = await startCli(RUN, { ...hook, timing: IMPATIENT });
        await run.shows('[hook]');
        proxy.blackHole();
        hook.letGo();
        const ended = await run.ended;
        expect(oneLine(ended.stderr)).toContain('cannot be reached any more');
        expect(ended.durationMs).toBeLessThan(60_000);
        await endOthers(database);
        await expectInterrupted(database, ended, states);
      },
      120_000,
    );

    for (const direction of ['up', 'down'] as const) {
      test(`is cut off after some bytes ${direction}`, async () => {
        const { end } = await undisturbed(id);
        let cuts = 0;
        for (const bytes of offsets[direction]) {
          const database = await smallV060(id);
          const before = await endState(database);
          const proxy = await tcpProxy(database.url);
          proxy.cutAfter(direction, bytes);
          const run = await spawnCli(RUN, direct(plain(proxy.url, dialect)));
          const where = `${bytes} bytes ${direction}: ${oneLine(run.stdout + run.stderr)}`;
          if (run.exitCode === 0) {
            // The last bytes of a run, or the answer to its COMMIT: it was done, and it says so.
            expect([where, await endState(database)]).toEqual([where, end]);
            continue;
          }
          cuts++;
          expect([where, proxy.bytes[direction] >= bytes]).toEqual([where, true]);
          expect([where, run.exitCode]).toEqual([
            where,
            expect.toBeOneOf(dialect === 'mysql' ? [2, 3] : [2]),
          ]);
          if (run.exitCode === 2) {
            await expect.poll(() => endState(database), { timeout: 15_000 }).toEqual(before);
          }
          const again = await spawnCli(RUN, direct(database.url));
          expect([where, again.exitCode]).toEqual([where, 0]);
          expect([where, await endState(database)]).toEqual([where, end]);
          await database.drop();
        }
        expect(cuts).toBeGreaterThan(1);
      }, 600_000);
    }
  });
}
