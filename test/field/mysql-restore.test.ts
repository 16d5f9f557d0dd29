import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { sha256OfFile } from '../../src/backup/sha256-of-file.ts';
import { backup } from '../../src/commands/backup.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { fix } from '../../src/commands/fix.ts';
import type { Io } from '../../src/commands/io.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { restore } from '../../src/commands/restore.ts';
import { rollback } from '../../src/commands/rollback.ts';
import { status } from '../../src/commands/status.ts';
import { verify } from '../../src/commands/verify.ts';
import { noProgress } from '../../src/progress.ts';
import { contentOf, v060Database } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { type CommandRun, commandRuns, rowsOf } from '../support/command-run.ts';
import { DATABASES } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { askDoctor } from '../support/doctor.ts';
import { pausingClient } from '../support/pausing-client.ts';
import { serverUser } from '../support/server-user.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept' } as const;
const COMMANDS: Readonly<Record<string, (io: Io) => Promise<number>>> = {
  status: (io) => status(io, GLOBAL),
  migrate: (io) => migrate(io, { ...GLOBAL, yes: true }),
  verify: (io) => verify(io, GLOBAL),
  fix: (io) => fix(io, { ...GLOBAL, yes: true }),
  backup: (io) => backup(io, GLOBAL),
  rollback: (io) => rollback(io, { ...GLOBAL, yes: true }),
};

describe('A restore on MySQL never leaves half a database that is taken for a whole one', () => {
  for (const kind of DATABASES.filter(({ dialect }) => dialect === 'mysql')) {
    describe.skipIf(!kind.available || clientIsOlder(kind))(kind.id, () => {
      let database: TestDatabase;
      let cwd: string;
      let run: (command: (io: Io) => Promise<number>, env?: Io['env']) => Promise<CommandRun>;
      let from: string;
      let was: unknown;

      beforeAll(async () => {
        database = await v060Database(kind.id);
        was = await contentOf(database);
      });
      afterAll(() => database.drop());
      beforeEach(async () => {
        cwd = temporaryFolder();
        run = commandRuns(database, cwd);
        await run(COMMANDS.backup!);
        [from = ''] = manifests();
      });

      const manifests = () => readdirSync(join(cwd, 'kept')).filter((name) => name.endsWith('.json'));
      const restored = (name = from, env: Io['env'] = {}, options = {}) =>
        run((io) => restore(io, { ...GLOBAL, from: name, confirm: database.name, ...options }), env);
      /** Another dump under the same manifest, whose hash fits. */
      const replaceDump = async (bytes: Buffer) => {
        const path = join(cwd, 'kept', from);
        const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
        const file = join(cwd, 'kept', String(manifest.file));
        writeFileSync(file, bytes);
        const sha256 = await sha256OfFile(file, noProgress, new AbortController().signal);
        writeFileSync(path, JSON.stringify({ ...manifest, bytes: bytes.length, sha256 }));
      };
      const dump = () => readFileSync(join(cwd, 'kept', from.replace('.json', '.sql.gz')));
      /** Ends the restore in its middle, once the server has dropped what was there. */
      const cutOff = async (name = from) => {
        const program = kind.id === 'mysql' ? 'mysql' : 'mariadb';
        const client = pausingClient(kind.id, program, 'stdin', 'INSERT INTO `tools`');
        const going = restored(name, { PATH: client.path });
        const { program: pid } = await client.paused();
        process.kill(pid, 'SIGKILL');
        client.resume();
        return going;
      };
      const table = 'SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = database()';

      it('a restore that is cut off is refused by every command, which name both ways on', async () => {
        await database.query("UPDATE tools SET description = 'later'");
        const later = await contentOf(database);
        const { report } = await cutOff();
        expect(report).toMatchObject({ exitCode: 3, error: { code: 'PARTIAL' } });
        expect(report.next).toBe(`mcpgw restore ${join(cwd, 'kept', from)}`);
        const safety = manifests().find((name) => name !== from) ?? '';
        const ways = [join(cwd, 'kept', from), join(cwd, 'kept', safety)];
        for (const way of [`mcpgw restore ${ways[1]}`, 'Run the same restore again']) {
          expect(report.error?.hint).toContain(way);
        }
        for (const [name, command] of Object.entries(COMMANDS)) {
          const { error, exitCode, next } = (await run(command)).report;
          expect([name, exitCode, error?.code]).toEqual([name, 2, 'STATE']);
          expect(next).toBe(`mcpgw restore ${ways[0]}`);
          expect(error?.hint).toContain('That run has ended. Run it again: ');
          expect(error?.message).toContain('A restore has not come to its end');
          for (const way of ways) expect(error?.hint).toContain(`mcpgw restore ${way}`);
        }
        expect(manifests()).toHaveLength(2);
        const { checks, exitCode } = (await run((io) => doctor(io, GLOBAL))).report;
        expect(exitCode).toBe(1);
        const found = checks.find(({ id }) => id === 'database.restore');
        expect([found?.status, found?.command]).toEqual(['failed', `mcpgw restore ${ways[0]}`]);
        expect(checks.find(({ id }) => id === 'data.verify')?.status).toBe('skipped');

        // Also after a second one that is cut off, back is where the first one started.
        const again = await cutOff();
        expect(again.report.error?.hint).toContain(`mcpgw restore ${ways[1]}`);
        expect(manifests()).toHaveLength(2);
        expect(again.stderr.replaceAll(/\s+/g, ' ')).toContain('A restore has not come to its end');
        expect((await restored(safety)).report).toMatchObject({ exitCode: 0, error: null });
        expect(await contentOf(database)).toEqual(later);
        expect((await restored()).report).toMatchObject({ exitCode: 0, error: null });
        expect(await contentOf(database)).toEqual(was);
        expect((await run(COMMANDS.status!)).report.exitCode).toBe(0);
      });

      it('a restore that was done but for its last statement is not taken for v0.7.0', async () => {
        const { report } = await run(COMMANDS.migrate!);
        expect(report.exitCode).toBe(0);
        await database.query(
          'CREATE TABLE mcpgw_restore (id INT PRIMARY KEY, backup TEXT, safety TEXT, since TEXT, `by` TEXT)',
        );
        await database.query(
          "INSERT INTO mcpgw_restore VALUES (1, '/b.json', NULL, '2026', 'mcpgw@h pid 1')",
        );
        for (const command of [COMMANDS.migrate!, COMMANDS.verify!, COMMANDS.status!]) {
          const hint = expect.stringContaining('If it still runs, wait for it.');
          expect((await run(command)).report).toMatchObject({ exitCode: 2, error: { code: 'STATE', hint } });
        }
        expect((await restored()).report).toMatchObject({ exitCode: 0, error: null });
        expect(await contentOf(database)).toEqual(was);
      });

      it('a table that somebody keeps locked: nothing was dropped, exit 2', async () => {
        const { report } = await run((io) =>
          // The lock is taken when the restore has read the database.
          restore(io, { ...GLOBAL, from, confirm: database.name, lockTimeout: 1, backup: false }),
        ).then(async () => {
          const tables = await database.query(table);
          const holding = database.query('LOCK TABLES tools READ; SELECT sleep(4); UNLOCK TABLES');
          const tried = await restored(from, {}, { lockTimeout: 1, backup: false });
          await holding;
          expect(await database.query(table)).toBe(tables);
          return tried;
        });
        expect([report.exitCode, report.error?.code]).toEqual([2, 'BUSY']);
        expect(await contentOf(database)).toEqual(was);
      });

      const BROKEN: Readonly<Record<string, (packed: Buffer) => Buffer>> = {
        'with flipped bits': (packed) => {
          const at = Math.floor(packed.length / 2);
          packed.writeUInt8(packed.readUInt8(at) ^ 0xff, at);
          return packed;
        },
        'of no bytes': () => Buffer.alloc(0),
        'that ends in the middle of its packing': (packed) => packed.subarray(0, packed.length / 2),
        'that ends in the middle of its SQL': (packed) => {
          const sql = gunzipSync(packed);
          return gzipSync(sql.subarray(0, sql.length / 2));
        },
        'that is a comment': () => gzipSync('-- Dump completed on 2026-01-01\n'),
        'without a row that its manifest counts': (packed) => {
          const sql = gunzipSync(packed).toString('latin1');
          return gzipSync(Buffer.from(sql.replace(/INSERT INTO `tool_metrics`.*\n?.*;\n/, ''), 'latin1'));
        },
      };
      it.each(Object.keys(BROKEN))(
        'a dump %s is refused before anything is dropped, exit 2',
        async (what) => {
          await replaceDump(BROKEN[what]!(dump()));
          const { report } = await restored();
          expect([report.exitCode, report.error?.code]).toEqual([2, 'CORRUPT']);
          expect(report.error?.message).toContain(join(cwd, 'kept'));
          expect(await contentOf(database)).toEqual(was);
          expect((await run(COMMANDS.status!)).report.exitCode).toBe(0);
        },
      );

      it('triggers, views, routines and events of others: told with the backup, refused before anything is dropped', async () => {
        const user = await serverUser(database, 'Str0ng-Passw0rd!', 'owner');
        const made: Readonly<Record<string, string>> = {
          TRIGGER: 'TRIGGER x BEFORE UPDATE ON prompts FOR EACH ROW SET NEW.description = NEW.description',
          VIEW: 'VIEW x AS SELECT name FROM tools',
          PROCEDURE: 'PROCEDURE x() SELECT 1',
          EVENT: 'EVENT x ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM tool_metrics',
        };
        for (const [what, sql] of Object.entries(made)) {
          await database.query(`CREATE ${sql}`);
          try {
            const theirs = commandRuns(user, cwd);
            const foretold = [
              (await askDoctor(user.url)).of('database.backup-grants').findings,
              (await theirs((io) => migrate(io, { ...GLOBAL, dryRun: true }))).report.warnings,
            ].map((lines) => lines.join().includes(`${what} of \`mcpgw\`@\`%\``));
            // MySQL shows others’ routines to nobody who has no right to them.
            if (what !== 'PROCEDURE') expect([what, ...foretold]).toEqual([what, true, true]);
            const taken = await theirs(COMMANDS.backup!);
            const told = taken.report.warnings.some((text) => text.includes(`${what} of \`mcpgw\`@\`%\``));
            // What makes a procedure is not even shown to others, so there is no backup without it either.
            const isHidden = what === 'PROCEDURE';
            expect([what, told, taken.report.error?.code]).toEqual([
              what,
              !isHidden,
              isHidden ? 'PERMISSION' : undefined,
            ]);
            const whole = isHidden ? await run(COMMANDS.backup!) : taken;
            const name = String(rowsOf(whole.report, 'backup')?.find(([key]) => key === 'manifest')?.[1]);
            const before = await contentOf(database);
            const rehearsed = (await theirs((io) => restore(io, { ...GLOBAL, from: name, dryRun: true })))
              .report;
            expect([what, rehearsed.exitCode]).toEqual([what, 1]);
            expect(JSON.stringify(rehearsed)).toContain(`${what} of \`mcpgw\`@\`%\``);
            const { report } = await theirs((io) =>
              restore(io, { ...GLOBAL, from: name, confirm: database.name }),
            );
            expect([what, report.exitCode, report.error?.code]).toEqual([what, 2, 'PERMISSION']);
            expect(report.error?.message).toContain(`a ${what} of \`mcpgw\`@\`%\``);
            expect(await contentOf(database)).toEqual(before);
            expect((await theirs(COMMANDS.status!)).report.exitCode).toBe(0);
            // Whoever may, can.
            expect((await restored(name)).report).toMatchObject({ exitCode: 0, error: null });
          } finally {
            await database.query(`DROP ${what} x`);
          }
        }
      });

      it('triggers of one’s own come back where the server trusts them', async () => {
        const user = await serverUser(database, 'Str0ng-Passw0rd!', 'owner');
        const strict = await database.query('SELECT @@log_bin AND NOT @@log_bin_trust_function_creators');
        const account = `\`${user.name}\`@\`%\``;
        await database.query(
          `CREATE DEFINER=${account} TRIGGER x BEFORE UPDATE ON prompts FOR EACH ROW SET @a = 1`,
        );
        onTestFinished(() => database.query('DROP TRIGGER IF EXISTS x').then(() => {}));
        const theirs = commandRuns(user, cwd);
        const taken = await theirs(COMMANDS.backup!);
        expect(taken.report.warnings.some((text) => text.includes('TRIGGER'))).toBe(strict === '1');
        const name = String(rowsOf(taken.report, 'backup')?.find(([key]) => key === 'manifest')?.[1]);
        const { report } = await theirs((io) =>
          restore(io, { ...GLOBAL, from: name, confirm: database.name }),
        );
        expect(report.error?.code).toBe(strict === '1' ? 'PERMISSION' : undefined);
        if (strict === '1') expect(report.error?.message).toContain('log_bin_trust_function_creators');
        expect(await contentOf(database)).toEqual(was);
      });
    });
  }
});
