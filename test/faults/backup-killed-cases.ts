import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { cliReport } from '../support/cli-report.ts';
import type { DatabaseId } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { isRunning } from '../support/is-running.ts';
import { pausingClient } from '../support/pausing-client.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { describeDatabases } from './describe-databases.ts';
import { endState, smallV060 } from './kill-support.ts';
import { oneLine } from './lock-support.ts';

/** More than pipes hold, so that the dump program cannot come to its end while nobody reads. */
async function addBulk({ query }: TestDatabase): Promise<void> {
  await query('CREATE TABLE bulk (id INTEGER PRIMARY KEY, noise VARCHAR(400))');
  const rows = Array.from({ length: 1_500 }, (_, id) => `(${id}, '${randomBytes(190).toString('hex')}')`);
  await query(`INSERT INTO bulk VALUES ${rows.join(',')}`);
}

const DUMP: Readonly<Record<Exclude<DatabaseId, 'sqlite'>, string>> = {
  postgres: 'pg_dump',
  postgres18: 'pg_dump',
  mariadb: 'mariadb-dump',
  mysql: 'mysqldump',
};

/** A migration whose backup is ended in the middle, from each side. */
export function backupKilledCases(ids: readonly Exclude<DatabaseId, 'sqlite'>[]): void {
  describeDatabases(ids, 'a backup that is killed', ({ id, dialect }) => {
    describe.skipIf(clientIsOlder({ id }))('in the middle', () => {
      const program = DUMP[id as keyof typeof DUMP];

      const start = async () => {
        const database = await smallV060(id);
        await addBulk(database);
        const before = await endState(database);
        const place = join(temporaryFolder(), 'kept');
        mkdirSync(place);
        const begun = dialect === 'postgresql' ? 'PGDMP' : 'CREATE TABLE';
        const client = pausingClient(id, program, 'stdout', begun);
        const env = { DATABASE_URL: database.url, DB_MAX_RETRIES: '0', PATH: client.path };
        const run = await startCli(['migrate', '--backup-dir', place], { env });
        const pids = await client.paused();
        return { database, before, place, client, env, run, pids };
      };

      const allEnded = ({ script, program }: { script: number; program: number }) =>
        expect.poll(() => isRunning(script) || isRunning(program), { timeout: 10_000 }).toBe(false);

      test.each([
        { signal: 'SIGTERM', exitCode: 143 },
        { signal: 'SIGINT', exitCode: 130 },
      ] as const)('$signal to mcpgw: no half of one is left', async ({ signal, exitCode }) => {
        const { database, before, place, run, pids } = await start();
        run.child.kill(signal);
        const ended = await run.ended;
        expect([ended.exitCode, ended.stdout]).toEqual([exitCode, '']);
        const says = oneLine(ended.stderr);
        expect(says).toContain(`Stopped by ${signal}.`);
        expect(says).toContain('Nothing was changed.');
        expect(readdirSync(place)).toEqual([]);
        await allEnded(pids);
        expect(await endState(database)).toEqual(before);
      });

      test(`SIGKILL to ${program}: refused before the first write`, async () => {
        const { database, before, place, client, run, pids } = await start();
        process.kill(pids.program, 'SIGKILL');
        client.resume();
        const ended = await run.ended;
        expect([ended.exitCode, ended.stdout]).toEqual([2, '']);
        const says = oneLine(ended.stderr);
        expect(says).toContain(`${program} failed: it was ended by SIGKILL.`);
        expect(says).toContain('There is no backup. Run the command again. The database was not changed.');
        expect(readdirSync(place)).toEqual([]);
        expect(await endState(database)).toEqual(before);
      });

      test('SIGKILL to mcpgw: what is left is no backup, and goes with the next one', async () => {
        const { database, before, place, client, env, run, pids } = await start();
        run.child.kill('SIGKILL');
        expect((await run.ended).signal).toBe('SIGKILL');
        // Its next byte has no reader.
        client.resume();
        await allEnded(pids);
        expect(await endState(database)).toEqual(before);

        const left = readdirSync(place);
        expect(left).toHaveLength(2);
        expect(left.every((name) => name.endsWith('.part'))).toBe(true);
        const list = await cliReport(database.url, ['backup', '--list', '--backup-dir', place]);
        const [section] = list.report.sections;
        expect(section?.rows).toEqual([
          [
            expect.stringMatching(/\.part$/),
            '',
            '',
            '',
            '',
            '',
            expect.stringMatching(/^cut short: process \d+ on \S+ is gone/),
          ],
        ]);
        for (const name of left) {
          const restored = await spawnCli(['restore', join(place, name), '--confirm', database.name], {
            env,
          });
          expect([restored.exitCode, restored.stdout]).toEqual([2, '']);
          expect(oneLine(restored.stderr)).toContain('is a backup that was not finished');
        }
        const next = await spawnCli(['backup', '--backup-dir', place], { env });
        expect([next.exitCode, next.stderr]).toEqual([0, expect.any(String)]);
        const extensions = readdirSync(place).map((name) => name.replace(/^.*-0\.6\.0/, ''));
        expect(extensions).toEqual([dialect === 'postgresql' ? '.dump' : '.json', expect.any(String)]);
        expect(readdirSync(place).some((name) => name.endsWith('.part'))).toBe(false);
        expect(await endState(database)).toEqual(before);
      });
    });
  });
}
