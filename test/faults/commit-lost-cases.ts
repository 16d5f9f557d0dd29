import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientEnv } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { confirmOf } from '../support/confirm-of.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { direct, IMPATIENT, plain } from './cut-connection-support.ts';
import { describeDatabases } from './describe-databases.ts';
import { endState, held, smallV060, undisturbed } from './kill-support.ts';
import { oneLine } from './lock-support.ts';

const COMMIT = { at: 1, match: '^COMMIT' } as const;

/** A run whose connection is lost while it commits, with the server as the only one who knows. */
export function commitLostCases(ids: readonly DatabaseId[]): void {
  describeDatabases(ids, 'the answer to COMMIT is lost', ({ id }) => {
    const start = async () => {
      const { end } = await undisturbed(id);
      const database = await smallV060(id);
      const before = await endState(database);
      const proxy = await tcpProxy(database.url);
      return { database, proxy, through: plain(proxy.url, 'postgresql'), before, end };
    };

    test('the server had carried it out: migrate looks, and says it is done', async () => {
      const { database, proxy, through, end } = await start();
      const hook = held(through, COMMIT);
      const run = await startCli(['migrate', '--no-backup'], hook);
      await run.shows('[hook]');
      proxy.cutAt('COMMIT', true);
      hook.letGo();
      const ended = await run.ended;
      expect([ended.exitCode, ended.stderr]).toEqual([0, expect.any(String)]);
      expect(oneLine(ended.stdout)).toContain('The connection was lost during the commit');
      expect(await endState(database)).toEqual(end);
    });

    test.skipIf(clientIsOlder({ id }))('the backup that was taken before leads back', async () => {
      const { database, proxy, through, before, end } = await start();
      const place = join(temporaryFolder(), 'kept');
      const hook = held(through, COMMIT);
      const { PATH } = clientEnv(id);
      const run = await startCli(['migrate', '--backup-dir', place], { env: { ...hook.env, PATH } });
      await run.shows('[hook]');
      expect(existsSync(place)).toBe(true);
      proxy.cutAt('COMMIT', true);
      hook.letGo();
      const ended = await run.ended;
      expect([ended.exitCode, ended.stderr]).toEqual([0, expect.any(String)]);
      expect(await endState(database)).toEqual(end);
      const backup = readdirSync(place).find((name) => name.endsWith('.json')) ?? '';
      const back = await spawnCli(
        [
          'restore',
          join(place, backup),
          '--no-backup',
          '--confirm',
          confirmOf(join(place, backup), database.name, database.url),
        ],
        {
          env: { DATABASE_URL: database.url, PATH },
        },
      );
      expect([back.exitCode, back.stderr]).toEqual([0, expect.any(String)]);
      expect(await endState(database)).toEqual(before);
    });

    test('the server never had it: migrate looks, and says that nothing changed', async () => {
      const { database, proxy, through, before } = await start();
      const hook = held(through, COMMIT);
      const run = await startCli(['migrate', '--no-backup'], hook);
      await run.shows('[hook]');
      proxy.cutAt('COMMIT', false);
      hook.letGo();
      const ended = await run.ended;
      expect([ended.exitCode, ended.stdout]).toEqual([2, '']);
      expect(oneLine(ended.stderr)).toContain(
        'the database is as it was. To start again, run: mcpgw migrate',
      );
      expect(await endState(database)).toEqual(before);
      expect((await spawnCli(['migrate', '--no-backup'], direct(database.url))).exitCode).toBe(0);
    });

    test('nobody can look: migrate says that it does not know, and how to find out', async () => {
      const { proxy, through } = await start();
      const hook = held(through, COMMIT);
      const run = await startCli(['migrate', '--no-backup', '--statement-timeout', '2'], {
        ...hook,
        timing: IMPATIENT,
      });
      await run.shows('[hook]');
      proxy.blackHole('COMMIT');
      hook.letGo();
      const ended = await run.ended;
      expect([ended.exitCode, ended.stdout]).toEqual([3, '']);
      expect(oneLine(ended.stderr)).toContain('either done or was taken back as a whole');
      expect(oneLine(ended.stderr)).toContain('mcpgw status');
      expect(ended.durationMs).toBeLessThan(30_000);
    });

    test('fix says that it does not know, and how to find out', async () => {
      const { database, proxy, through } = await start();
      expect((await spawnCli(['migrate', '--no-backup'], direct(database.url))).exitCode).toBe(0);
      await database.query('DELETE FROM user_roles');
      const hook = held(through, COMMIT);
      const run = await startCli(['fix', '--yes', '--no-backup'], hook);
      await run.shows('[hook]');
      proxy.cutAt('COMMIT', true);
      hook.letGo();
      const ended = await run.ended;
      expect([ended.exitCode, ended.stdout]).toEqual([3, '']);
      expect(oneLine(ended.stderr)).toContain('while the repair was committed');
      expect(await database.query('SELECT count(*) FROM user_roles')).toBe('1');
    });
  });
}
