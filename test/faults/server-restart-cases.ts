import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../src/commands/backup.ts';
import type { Io } from '../../src/commands/io.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { restore } from '../../src/commands/restore.ts';
import { status } from '../../src/commands/status.ts';
import { verify } from '../../src/commands/verify.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { beforeStatement } from '../support/before-statement.ts';
import { commandRuns } from '../support/command-run.ts';
import { type DatabaseId, EVERY_VERSION } from '../support/database-kinds.ts';
import { type OwnServer, ownServer } from '../support/own-server.ts';
import { pausingClient } from '../support/pausing-client.ts';
import { serverUser } from '../support/server-user.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { endState, smallV060 } from './kill-support.ts';

type ServerId = Exclude<DatabaseId, 'sqlite'>;

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept', yes: true } as const;
const READERS = {
  postgres: ['psql', ' FROM stdin'],
  postgres18: ['psql', ' FROM stdin'],
  mariadb: ['mariadb', 'INSERT INTO `tools`'],
  mysql: ['mysql', 'INSERT INTO `tools`'],
} as const;

/** The server is restarted while a run is in the middle of its work. */
export function serverRestartCases(ids: readonly ServerId[]): void {
  for (const kind of EVERY_VERSION.filter(({ id }) => (ids as readonly string[]).includes(id))) {
    const id = kind.id as ServerId;
    describe.skipIf(!kind.available || clientIsOlder(kind))(`a server that is restarted [${id}]`, () => {
      let server: OwnServer;
      beforeAll(async () => {
        server = await ownServer(id);
      });
      afterAll(() => server.stop());
      const isMysql = kind.dialect === 'mysql';

      test('in the middle of a migration: as before, or gone on with', async () => {
        const database = await smallV060(id);
        const before = await endState(database);
        const run = commandRuns(database, temporaryFolder());
        beforeStatement(/ALTER TABLE .tools/, () => server.down());
        const { report } = await run((io) => migrate(io, { ...GLOBAL, backup: false }));
        const code = isMysql ? 'PARTIAL' : 'UNREACHABLE';
        expect([report.exitCode, report.error?.code]).toEqual([isMysql ? 3 : 2, code]);
        await server.up();
        if (!isMysql) expect(await endState(database)).toEqual(before);
        const again = await run((io) => migrate(io, { ...GLOBAL, backup: false }));
        expect(again.report).toMatchObject({ exitCode: 0, error: null });
        expect((await run((io) => verify(io, GLOBAL))).report.exitCode).toBe(0);
      });

      test('in the middle of a restore: as before, or refused until it is restored', async () => {
        const database = await smallV060(id);
        const was = await endState(database);
        const cwd = temporaryFolder();
        const run = commandRuns(database, cwd);
        await run((io) => backup(io, GLOBAL));
        const [from = ''] = readdirSync(join(cwd, 'kept')).filter((name) => name.endsWith('.json'));
        await database.query("UPDATE tools SET description = 'later'");
        const now = await endState(database);
        const command = (io: Io) => restore(io, { ...GLOBAL, from, confirm: database.name });
        const [program, middle] = READERS[id];
        const client = pausingClient(id, program, 'stdin', middle);
        const going = run(command, { PATH: client.path });
        await client.paused();
        server.down();
        client.resume();
        const { report } = await going;
        expect(report.exitCode).toBe(isMysql ? 3 : 2);
        expect(report.error?.code).not.toBe('INTERNAL');
        await server.up();
        const looked = (await run((io) => status(io, GLOBAL))).report;
        if (isMysql) {
          expect(looked).toMatchObject({ exitCode: 2, error: { code: 'STATE' } });
          expect(looked.error?.hint).toContain(`mcpgw restore ${join(cwd, 'kept', from)}`);
        } else {
          expect(looked.exitCode).toBe(0);
          expect(await endState(database)).toEqual(now);
        }
        expect((await run(command)).report).toMatchObject({ exitCode: 0, error: null });
        expect(await endState(database)).toEqual(was);
      });

      test.runIf(isMysql)(
        'that writes a log now and trusts nobody with triggers: told, and refused',
        async () => {
          server.down();
          await server.up(['--log-bin', '--server-id=1', '--log-bin-trust-function-creators=0']);
          const database = await smallV060(id);
          const user = await serverUser(database, 'Str0ng-Passw0rd!', 'owner');
          await database.query(
            `CREATE DEFINER=${user.name} TRIGGER x BEFORE UPDATE ON prompts FOR EACH ROW SET @a = 1`,
          );
          const cwd = temporaryFolder();
          const run = commandRuns(user, cwd);
          const before = await endState(database);
          const told = (await run((io) => backup(io, GLOBAL))).report;
          expect(told.warnings.join()).toContain(`TRIGGER of \`${user.name}\`@\`%\``);
          const [from = ''] = readdirSync(join(cwd, 'kept')).filter((name) => name.endsWith('.json'));
          const { report } = await run((io) => restore(io, { ...GLOBAL, from, confirm: database.name }));
          expect([report.exitCode, report.error?.code]).toEqual([2, 'PERMISSION']);
          expect(report.error?.message).toContain('log_bin_trust_function_creators');
          expect(await endState(database)).toEqual(before);
        },
      );
    });
  }
}
