import { expect, test } from 'vitest';
import { spawnCli } from '../support/spawn-cli.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { direct, plain } from './cut-connection-support.ts';
import { describeDatabases } from './describe-databases.ts';
import { smallV060 } from './kill-support.ts';
import { oneLine } from './lock-support.ts';

/** A statement of each command that only reads; the beginning of a session has none of these words, and another limit. */
const READS = [
  ['verify', 'FROM email_users'],
  ['status', 'version_num'],
] as const;

describeDatabases(
  ['postgres', 'mariadb'],
  'a server that falls silent while it is only read',
  ({ id, dialect }) => {
    test.each(READS)('%s ends, and says why', async (command, text) => {
      const database = await smallV060(id);
      expect((await spawnCli(['migrate', '--no-backup'], direct(database.url))).exitCode).toBe(0);
      const proxy = await tcpProxy(database.url);
      proxy.blackHole(text);
      const run = await spawnCli([command, '--statement-timeout', '2'], direct(plain(proxy.url, dialect)));
      expect([run.exitCode, run.stdout]).toEqual([2, '']);
      expect(oneLine(run.stderr)).toContain('not done after 2 s (--statement-timeout)');
      expect(run.durationMs).toBeLessThan(20_000);
    });
  },
);
