import { expect, test } from 'vitest';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { direct, plain } from './cut-connection-support.ts';
import { describeDatabases } from './describe-databases.ts';
import { endState, hooked, smallV060, undisturbed } from './kill-support.ts';
import { oneLine } from './lock-support.ts';

const ID = 'postgres';
const COMMIT = { at: 1, phase: 'before', match: '^COMMIT', waitMs: 500 } as const;

describeDatabases([ID], 'the answer to COMMIT is lost', ({ id }) => {
  const start = async () => {
    const { end } = await undisturbed(id);
    const database = await smallV060(id);
    const before = await endState(database);
    const proxy = await tcpProxy(database.url);
    return { database, proxy, through: plain(proxy.url, 'postgresql'), before, end };
  };

  test('the server had carried it out: migrate looks, and says it is done', async () => {
    const { database, proxy, through, end } = await start();
    const run = await startCli(['migrate', '--no-backup'], hooked(through, COMMIT));
    await run.shows('[hook]');
    proxy.cutAt('COMMIT', true);
    const ended = await run.ended;
    expect([ended.exitCode, ended.stderr]).toEqual([0, expect.any(String)]);
    expect(oneLine(ended.stdout)).toContain('The connection was lost during the commit');
    expect(await endState(database)).toEqual(end);
  });

  test('the server never had it: migrate looks, and says that nothing changed', async () => {
    const { database, proxy, through, before } = await start();
    const run = await startCli(['migrate', '--no-backup'], hooked(through, COMMIT));
    await run.shows('[hook]');
    proxy.cutAt('COMMIT', false);
    const ended = await run.ended;
    expect([ended.exitCode, ended.stdout]).toEqual([2, '']);
    expect(oneLine(ended.stderr)).toContain('the database is as it was. To start again, run: mcpgw migrate');
    expect(await endState(database)).toEqual(before);
    expect((await spawnCli(['migrate', '--no-backup'], direct(database.url))).exitCode).toBe(0);
  });

  test('nobody can look: migrate says that it does not know, and how to find out', async () => {
    const { proxy, through } = await start();
    const run = await startCli(
      ['migrate', '--no-backup', '--statement-timeout', '2'],
      hooked(through, COMMIT),
    );
    await run.shows('[hook]');
    proxy.blackHole('COMMIT');
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
    const run = await startCli(['fix', '--yes', '--no-backup'], hooked(through, COMMIT));
    await run.shows('[hook]');
    proxy.cutAt('COMMIT', true);
    const ended = await run.ended;
    expect([ended.exitCode, ended.stdout]).toEqual([3, '']);
    expect(oneLine(ended.stderr)).toContain('while the repair was committed');
    expect(await database.query('SELECT count(*) FROM user_roles')).toBe('1');
  });
});
