import { expect, test } from 'vitest';
import { direct, IMPATIENT, plain } from '../faults/cut-connection-support.ts';
import { describeDatabases } from '../faults/describe-databases.ts';
import { smallV060 } from '../faults/kill-support.ts';
import { oneLine } from '../faults/lock-support.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';

const SERVERS = ['postgres', 'postgres18', 'mariadb', 'mysql'] as const;

describeDatabases(SERVERS, 'a server that falls silent', ({ id, dialect }) => {
  test('verify ends without a time-out of its own, since it cannot be reached any more', async () => {
    const database = await smallV060(id);
    expect((await spawnCli(['migrate', '--no-backup'], direct(database.url))).exitCode).toBe(0);
    const proxy = await tcpProxy(database.url);
    proxy.blackHole('FROM email_users');
    const run = await spawnCli(['verify'], {
      ...direct(plain(proxy.url, dialect)),
      timing: IMPATIENT,
    });
    expect([run.exitCode, run.stdout]).toEqual([2, '']);
    expect(oneLine(run.stderr)).toContain('cannot be reached any more');
    expect(run.durationMs).toBeLessThan(60_000);
  }, 120_000);
});
