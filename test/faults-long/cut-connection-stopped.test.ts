import { describe, expect, test } from 'vitest';
import { startServer } from '../../scripts/servers/start-server.ts';
import { hooked } from '../faults/kill-support.ts';
import { oneLine } from '../faults/lock-support.ts';
import { connect } from '../support/connect.ts';
import { createV060 } from '../support/create-v060.ts';
import { runSql } from '../support/run-sql.ts';
import { startCli } from '../support/spawn-cli.ts';

// Set when `npm test` started the servers itself; where they are given by URL there may be none to start.
const started = process.env.TEST_POSTGRES_CLIENTS !== undefined;

describe.skipIf(!started)('a server that is really stopped in the middle of a run', () => {
  test.each([
    { name: 'postgres', exitCode: 2, says: 'Nothing was changed' },
    { name: 'mariadb', exitCode: 3, says: 'To go on, run: mcpgw migrate' },
    { name: 'mysql', exitCode: 3, says: 'To go on, run: mcpgw migrate' },
  ] as const)(
    '$name: exit $exitCode',
    async ({ name, exitCode, says }) => {
      const server = await startServer(name);
      try {
        const dialect = name === 'postgres' ? 'postgresql' : 'mysql';
        await runSql(dialect, server.url, `CREATE DATABASE gateway`);
        const url = new URL(server.url);
        url.pathname = '/gateway';
        await connect({ url: url.href }, (db) => createV060(db));
        const run = await startCli(
          ['migrate', '--no-backup'],
          hooked(url.href, { at: 8, phase: 'before', waitMs: 8_000 }),
        );
        await run.shows('[hook]');
        await server.stop();
        const ended = await run.ended;
        expect([ended.exitCode, ended.stdout, oneLine(ended.stderr)]).toEqual([
          exitCode,
          '',
          expect.stringContaining(says),
        ]);
      } finally {
        await server.stop();
      }
    },
    120_000,
  );
});
