import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { backup } from '../../src/commands/backup.ts';
import type { Io } from '../../src/commands/io.ts';
import { restore } from '../../src/commands/restore.ts';
import { contentOf, v060Database } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { type CommandRun, commandRuns, rowsOf } from '../support/command-run.ts';
import { DATABASES } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { pausingClient } from '../support/pausing-client.ts';
import { serverUser } from '../support/server-user.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept' } as const;

describe('A backup is of a whole database', () => {
  for (const kind of DATABASES) {
    describe.skipIf(!kind.available || clientIsOlder(kind))(kind.id, () => {
      let database: TestDatabase;
      let cwd: string;
      let run: (command: (io: Io) => Promise<number>, env?: Io['env']) => Promise<CommandRun>;

      beforeAll(async () => {
        database = await v060Database(kind.id);
      });
      afterAll(() => database.drop());
      beforeEach(() => {
        cwd = temporaryFolder();
        run = commandRuns(database, cwd);
      });

      const backedUp = (options = {}, env: Io['env'] = {}) =>
        run((io) => backup(io, { ...GLOBAL, ...options }), env);
      const manifests = () => {
        const kept = join(cwd, 'kept');
        return existsSync(kept) ? readdirSync(kept).filter((name) => name.endsWith('.json')) : [];
      };

      describe.runIf(kind.dialect === 'mysql')('while a restore is at work', () => {
        const program = kind.id === 'mysql' ? 'mysql' : 'mariadb';
        const paused = async () => {
          await backedUp();
          const [from = ''] = manifests();
          const client = pausingClient(kind.id, program, 'stdin', 'INSERT INTO `tools`');
          const options = { ...GLOBAL, from, confirm: database.name, backup: false };
          const going = run((io) => restore(io, options), { PATH: client.path });
          await client.paused();
          return { going, resume: client.resume };
        };

        it('it waits, and is of the database as that leaves it', async () => {
          const { going, resume } = await paused();
          const early = await backedUp({ lockTimeout: 0 });
          expect(early.report).toMatchObject({ exitCode: 4, error: { code: 'LOCKED' } });
          expect(early.report.error?.message).toContain(`pid ${process.pid}`);
          expect(manifests()).toHaveLength(1);
          let tell = () => {};
          const told = new Promise<void>((resolve) => {
            tell = resolve;
          });
          const waiting = run((io) => {
            const write = (text: string) => {
              if (text.includes('Waiting for')) tell();
              return io.stderr.write(text);
            };
            const stderr = { ...io.stderr, write };
            return backup({ ...io, stderr }, { ...GLOBAL, lockTimeout: 30 });
          });
          await told;
          resume();
          const { report, stderr } = await waiting;
          expect((await going).report).toMatchObject({ exitCode: 0, error: null });
          expect(report).toMatchObject({ exitCode: 0, error: null });
          expect(stderr).toContain('Waiting for mcpgw pid');
          expect(report.steps[0]?.rows).toBe(15);
        });

        it('a restore whose idle connection the server ends comes to its end', async () => {
          const was = await contentOf(database);
          const { going, resume } = await paused();
          const holder = "IS_USED_LOCK(concat('mcpgw:', left(sha2(database(), 256), 40)))";
          const id = await database.query(`SELECT ${holder}`);
          await database.query(`KILL ${id}`);
          resume();
          expect((await going).report).toMatchObject({ exitCode: 0, error: null });
          expect(await contentOf(database)).toEqual(was);
          expect((await backedUp()).report.exitCode).toBe(0);
        });

        it('a user who may only read can take one', async () => {
          const user = await serverUser(database, 'Str0ng-Passw0rd!', [
            'GRANT SELECT, LOCK TABLES, SHOW VIEW ON <database>.* TO <user>',
          ]);
          const { report } = await commandRuns(user, cwd)((io) => backup(io, GLOBAL));
          expect(report).toMatchObject({ exitCode: 0, error: null });
        });
      });

      it('a known revision without its tables is refused, exit 2, and kept as unfinished before a restore', async () => {
        await backedUp();
        const [from = ''] = manifests();
        const was = await contentOf(database);
        const cascade = kind.dialect === 'postgresql' ? ' CASCADE' : '';
        await database.query(`DROP TABLE server_tool_association`);
        await database.query(`DROP TABLE tool_metrics`);
        await database.query(`DROP TABLE tools${cascade}`);
        const { report } = await backedUp();
        expect(report).toMatchObject({ exitCode: 2, error: { code: 'STATE' } });
        expect(report.error?.message).toContain('these tables of the gateway are missing: tools');
        expect(report.error?.hint).toContain('restore a backup');
        expect(manifests()).toEqual([from]);
        const confirm = kind.id === 'sqlite' ? 'mcp' : database.name;
        const back = await run((io) => restore(io, { ...GLOBAL, from, confirm }));
        expect(back.report).toMatchObject({ exitCode: 0, error: null });
        expect(rowsOf(back.report, 'backup')?.map(([key]) => key)).toContain('state');
        expect(await contentOf(database)).toEqual(was);
      });
    });
  }
});
