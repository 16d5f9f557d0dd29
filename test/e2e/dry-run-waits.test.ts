import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { PATIENCE_MS } from '../../src/database/patience.ts';
import { clientEnv } from '../backup/backup-context.ts';
import { lockTable } from '../faults/lock-support.ts';
import { cliReport } from '../support/cli-report.ts';
import { describeEachDatabase } from '../support/databases.ts';
import { sampleDatabase } from '../support/sample-database.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** How a session is told how long to wait for a table, in milliseconds but for MySQL, which counts seconds. */
const WAITS = {
  sqlite: /PRAGMA busy_timeout = (\d+)/g,
  postgresql: /SET LOCAL lock_timeout = (\d+)/g,
  mysql: /SET SESSION lock_wait_timeout = (\d+)/g,
} as const;

describeEachDatabase('a table that somebody has locked', ({ id, dialect }) => {
  it('--dry-run waits for it as long as status does, and restore says then who has it', async () => {
    const database = await sampleDatabase(id);
    const place = temporaryFolder();
    const env = clientEnv(id);
    expect((await cliReport(database.url, ['backup', '--backup-dir', place], { env })).exitCode).toBe(0);
    const manifest = join(place, readdirSync(place).find((name) => name.endsWith('.json')) ?? '');
    const migrate = ['migrate', '--no-backup', '--dry-run'];
    const restore = ['restore', manifest, '--no-backup', '--dry-run'];

    for (const command of [migrate, restore]) {
      const { exitCode, stderr } = await cliReport(database.url, [...command, '--debug', '--quiet'], { env });
      expect(exitCode).toBe(0);
      const waits = [...stderr.matchAll(WAITS[dialect])].map(([, wait]) => Number(wait));
      const patience = dialect === 'mysql' ? PATIENCE_MS / 1000 : PATIENCE_MS;
      expect(waits.length).toBeGreaterThan(0);
      expect(new Set(waits)).toEqual(new Set([patience]));
    }

    if (dialect === 'sqlite') return;
    onTestFinished(await lockTable(database, 'tools'));
    const { report } = await cliReport(database.url, restore, { env });
    expect(report.error).toMatchObject({
      code: 'BUSY',
      message: expect.stringMatching(/^The gateway’s tables are in use: .*\bby /),
    });
  });
});
