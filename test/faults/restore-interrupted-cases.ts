import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clientEnv } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { confirmOf } from '../support/confirm-of.ts';
import { isRunning } from '../support/is-running.ts';
import { pausingClient } from '../support/pausing-client.ts';
import { type CliResult, spawnCli, startCli } from '../support/spawn-cli.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { IMPATIENT, plain } from './cut-connection-support.ts';
import { describeDatabases } from './describe-databases.ts';
import { endState, smallV060 } from './kill-support.ts';
import { oneLine } from './lock-support.ts';

/** The program that reads the backup, and what it sends when it is in the middle of it. */
const READERS = {
  postgres: { program: 'psql', middle: ' FROM stdin' },
  postgres18: { program: 'psql', middle: ' FROM stdin' },
  mariadb: { program: 'mariadb', middle: 'INSERT INTO `tools`' },
  mysql: { program: 'mysql', middle: 'INSERT INTO `tools`' },
} as const;
type ServerId = keyof typeof READERS;

export interface RestoreInterruptedOptions {
  /** Spends the half minute that it takes to see that a silent server is gone. */
  readonly silences: boolean;
}

/** A restore that does not come to its end: what it says that the database is, and that it is so. */
export function restoreInterruptedCases(
  ids: readonly ServerId[],
  { silences }: RestoreInterruptedOptions,
): void {
  describeDatabases(ids, 'a restore that is interrupted', (kind) => {
    const id = kind.id as ServerId;
    const { dialect } = kind;
    const { program, middle } = READERS[id];

    describe.skipIf(clientIsOlder({ id }))('in the middle', () => {
      /** A backup, and the database it is of, which has become something else meanwhile. */
      const start = async () => {
        const database = await smallV060(id);
        const was = await endState(database);
        const place = join(temporaryFolder(), 'kept');
        const env = { DATABASE_URL: database.url, DB_MAX_RETRIES: '0', PATH: clientEnv(id).PATH };
        const made = await spawnCli(['backup', '--backup-dir', place], { env });
        expect([made.exitCode, made.stderr]).toEqual([0, expect.any(String)]);
        const backup = join(place, readdirSync(place).find((name) => name.endsWith('.json')) ?? '');
        await database.query("UPDATE tools SET description = 'later'");
        const now = await endState(database);
        const restore = (name: string, url = database.url) => [
          'restore',
          name,
          '--backup-dir',
          place,
          '--confirm',
          confirmOf(name, database.name, url),
        ];
        return { database, was, now, env, backup, restore };
      };
      type Started = Awaited<ReturnType<typeof start>>;

      const expectRestored = async ({ restore, env, database }: Started, name: string, state: unknown) => {
        const run = await spawnCli(restore(name), { env });
        expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
        expect(await endState(database)).toEqual(state);
      };

      /** As before on PostgreSQL; on MySQL part-way, and both ways on that it names lead where it says. */
      const expectInterrupted = async (started: Started, { exitCode, stdout, stderr }: CliResult) => {
        const { database, was, now, backup } = started;
        const says = oneLine(stderr);
        expect(stdout).toBe('');
        if (dialect === 'postgresql') {
          expect([exitCode, says]).toEqual([2, expect.stringContaining('Everything was taken back')]);
          // The server notices that the client is gone when it next reads from it.
          await expect.poll(() => endState(database), { timeout: 15_000 }).toEqual(now);
          return;
        }
        expect([exitCode, says]).toEqual([3, expect.stringContaining('The restore stopped part-way: ')]);
        const kept = /Run the same restore again, or go back to where you were: mcpgw restore (\S+)/.exec(
          says,
        );
        await expectRestored(started, kept?.[1] ?? 'the backup of the present state', now);
        await expectRestored(started, backup, was);
      };

      const expectEnded = (pids: { readonly script: number; readonly program: number }) =>
        expect.poll(() => isRunning(pids.script) || isRunning(pids.program), { timeout: 10_000 }).toBe(false);

      const paused = async (started: Started) => {
        const client = pausingClient(id, program, 'stdin', middle);
        const run = await startCli(started.restore(started.backup), {
          env: { ...started.env, PATH: client.path },
        });
        return { client, run, pids: await client.paused() };
      };

      test('by the server, which ends the connection', async () => {
        const started = await start();
        const proxy = await tcpProxy(started.database.url);
        proxy.cutAt(middle, false);
        const env = { ...started.env, DATABASE_URL: plain(proxy.url, dialect) };
        await expectInterrupted(
          started,
          await spawnCli(started.restore(started.backup, env.DATABASE_URL), { env }),
        );
      });

      test(`by SIGKILL to ${program}`, async () => {
        const started = await start();
        const { client, run, pids } = await paused(started);
        process.kill(pids.program, 'SIGKILL');
        client.resume();
        const ended = await run.ended;
        expect(oneLine(ended.stderr)).toContain(`${program} failed: it was ended by SIGKILL.`);
        await expectInterrupted(started, ended);
      });

      test('by SIGINT: it is taken back, or comes to its end where it cannot be', async () => {
        const started = await start();
        const { client, run, pids } = await paused(started);
        run.child.kill('SIGINT');
        await run.shows('Stopping at the next safe point.');
        if (dialect === 'mysql') client.resume();
        const ended = await run.ended;
        expect([ended.exitCode, ended.stderr]).toEqual([dialect === 'mysql' ? 0 : 130, expect.any(String)]);
        await expectEnded(pids);
        expect(await endState(started.database)).toEqual(dialect === 'mysql' ? started.was : started.now);
      });

      test('by SIGKILL to mcpgw: as before, or restored by running it again', async () => {
        const started = await start();
        const { client, run, pids } = await paused(started);
        run.child.kill('SIGKILL');
        expect((await run.ended).signal).toBe('SIGKILL');
        client.resume();
        await expectEnded(pids);
        if (dialect === 'postgresql') {
          await expect.poll(() => endState(started.database), { timeout: 15_000 }).toEqual(started.now);
        } else {
          const looked = await spawnCli(['status'], { env: started.env });
          const says = oneLine(looked.stderr);
          expect([looked.exitCode, says]).toEqual([2, expect.stringContaining(`mcpgw@`)]);
          expect(says).toContain(
            `Run it again: mcpgw restore ${started.backup}, or go back to the state before`,
          );
        }
        await expectRestored(started, started.backup, started.was);
      });

      test.runIf(silences)(
        'by a server that falls silent',
        async () => {
          const started = await start();
          const proxy = await tcpProxy(started.database.url);
          proxy.blackHole(middle);
          const env = { ...started.env, DATABASE_URL: plain(proxy.url, dialect) };
          const restore = started.restore(started.backup, env.DATABASE_URL);
          const ended = await spawnCli(restore, { env, timing: IMPATIENT });
          expect(oneLine(ended.stderr)).toContain('cannot be reached any more');
          expect(ended.durationMs).toBeLessThan(60_000);
          proxy.stop();
          await expectInterrupted(started, ended);
        },
        120_000,
      );

      describe.runIf(dialect === 'postgresql')('at its COMMIT', () => {
        const cut = async (started: Started, deliver: boolean) => {
          const proxy = await tcpProxy(started.database.url);
          proxy.cutAt('COMMIT;', deliver);
          const env = { ...started.env, DATABASE_URL: plain(proxy.url, dialect) };
          return spawnCli(started.restore(started.backup, env.DATABASE_URL), { env });
        };

        test('whose answer is lost: it looks, and says that it is done', async () => {
          const started = await start();
          const ended = await cut(started, true);
          expect([ended.exitCode, ended.stderr]).toEqual([0, expect.any(String)]);
          expect(await endState(started.database)).toEqual(started.was);
        });

        test('which the server never had: it looks, and says that nothing changed', async () => {
          const started = await start();
          await expectInterrupted(started, await cut(started, false));
        });

        test.runIf(silences)(
          'and nobody can look: it says that it does not know, and how to go on',
          async () => {
            const started = await start();
            const proxy = await tcpProxy(started.database.url);
            proxy.blackHole('COMMIT;');
            const env = { ...started.env, DATABASE_URL: plain(proxy.url, dialect) };
            const restore = started.restore(started.backup, env.DATABASE_URL);
            const ended = await spawnCli(restore, { env, timing: IMPATIENT });
            expect([ended.exitCode, ended.stdout]).toEqual([3, '']);
            const says = oneLine(ended.stderr);
            expect(says).toContain('it is either done or was taken back as a whole');
            expect(says).toContain(
              'Run the same restore again, or go back to where you were: mcpgw restore /',
            );
            expect(ended.durationMs).toBeLessThan(90_000);
            proxy.stop();
            await expectRestored(started, started.backup, started.was);
          },
          150_000,
        );
      });
    });
  });
}
