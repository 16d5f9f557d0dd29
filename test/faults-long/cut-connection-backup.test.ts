import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clientEnv } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { IMPATIENT, plain } from '../faults/cut-connection-support.ts';
import { describeDatabases } from '../faults/describe-databases.ts';
import { endState, smallV060 } from '../faults/kill-support.ts';
import { oneLine } from '../faults/lock-support.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { tcpProxy } from '../support/tcp-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const SERVERS = ['postgres', 'postgres18', 'mariadb', 'mysql'] as const;

describeDatabases(SERVERS, 'a server that falls silent during the backup', ({ id, dialect }) => {
  describe.skipIf(clientIsOlder({ id }))('of', () => {
    test.each(['migrate', 'backup'])(
      '%s ends it: exit 2, no half of a backup, nothing changed',
      async (command) => {
        const database = await smallV060(id);
        const before = await endState(database);
        const proxy = await tcpProxy(database.url);
        // What pg_dump, mariadb-dump and mysqldump begin to read rows with.
        proxy.blackHole(dialect === 'postgresql' ? 'COPY ' : 'SQL_NO_CACHE');
        const place = join(temporaryFolder(), 'backups');
        const run = await spawnCli([command, '--backup-dir', place], {
          env: { DATABASE_URL: plain(proxy.url, dialect), DB_MAX_RETRIES: '0', PATH: clientEnv(id).PATH },
          timing: IMPATIENT,
        });
        expect([run.exitCode, run.stdout]).toEqual([2, '']);
        expect(oneLine(run.stderr)).toContain('cannot be reached any more');
        expect(run.durationMs).toBeLessThan(60_000);
        expect(existsSync(place) ? readdirSync(place) : []).toEqual([]);
        expect(await endState(database)).toEqual(before);
      },
      120_000,
    );
  });
});
