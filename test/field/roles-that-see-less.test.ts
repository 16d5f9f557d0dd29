import { describe, expect, it, onTestFinished } from 'vitest';
import { backup } from '../../src/commands/backup.ts';
import { doctor } from '../../src/commands/doctor.ts';
import { fix } from '../../src/commands/fix.ts';
import type { Io } from '../../src/commands/io.ts';
import { migrate } from '../../src/commands/migrate.ts';
import { status } from '../../src/commands/status.ts';
import { verify } from '../../src/commands/verify.ts';
import { translatePostgresqlError } from '../../src/database/postgresql/errors.ts';
import { commandRuns } from '../support/command-run.ts';
import { connect } from '../support/connect.ts';
import { createV060 } from '../support/create-v060.ts';
import { DATABASES } from '../support/database-kinds.ts';
import { createDatabase } from '../support/databases.ts';
import { migrate as migrated } from '../support/migrate.ts';
import { serverUser } from '../support/server-user.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept' } as const;
const COMMANDS: Readonly<Record<string, (io: Io) => Promise<number>>> = {
  status: (io) => status(io, GLOBAL),
  migrate: (io) => migrate(io, { ...GLOBAL, yes: true }),
  'migrate --dry-run': (io) => migrate(io, { ...GLOBAL, dryRun: true }),
  'migrate --no-backup': (io) => migrate(io, { ...GLOBAL, yes: true, backup: false }),
  verify: (io) => verify(io, GLOBAL),
  fix: (io) => fix(io, { ...GLOBAL, yes: true }),
  backup: (io) => backup(io, GLOBAL),
};

const isFix = (name: string, release: string) => name === 'fix' && release === '0.7.0';

describe('A role that sees or may do less is told the statement that helps', () => {
  for (const { id, available } of DATABASES.filter(({ dialect }) => dialect === 'postgresql')) {
    describe.skipIf(!available)(id, () => {
      it.each(['0.6.0', '0.7.0'])(
        'row security that is forced on the owner, at v%s: BYPASSRLS, and the owner is not sent to the owner',
        async (release) => {
          const database = await createDatabase(id);
          onTestFinished(() => database.drop());
          const user = await serverUser(database, 'secret', 'owner');
          await connect(user, (db) => createV060(db));
          if (release === '0.7.0') await migrated(user);
          await database.query(
            'ALTER TABLE servers ENABLE ROW LEVEL SECURITY; ALTER TABLE servers FORCE ROW LEVEL SECURITY',
          );
          const run = commandRuns(user, temporaryFolder());
          const mends = `ALTER ROLE "${user.name}" BYPASSRLS;`;
          for (const [name, command] of Object.entries(COMMANDS)) {
            const { report, stderr } = await run(command);
            const said = JSON.stringify(report) + stderr;
            expect([name, report.exitCode]).toEqual([
              name,
              name === 'verify' || isFix(name, release) ? 1 : 2,
            ]);
            if (name !== 'fix' || release === '0.7.0')
              expect(said).toContain(JSON.stringify(mends).slice(1, -1));
            expect(said).not.toContain('Run as the owner');
            expect(said).not.toContain('itself failed');
          }
          const { checks } = (await run((io) => doctor(io, GLOBAL))).report;
          expect(JSON.stringify(checks)).not.toContain('itself failed');
          const found = checks.find(({ id }) => id === (release === '0.6.0' ? 'data.ready' : 'data.verify'));
          expect(found?.status).toBe('failed');
          expect(`${found?.hint} ${found?.findings.join(' ')}`).toContain(mends);
          expect(checks.find((check) => check.id === 'database.grants')?.hint).not.toContain('Put the user');
          await database.query(mends);
          expect((await run(COMMANDS.migrate!)).report).toMatchObject({ exitCode: 0, error: null });
        },
      );

      it.each(['is a member already', 'is no member yet'])(
        'an administrator that inherits nothing and %s: what is told gives it what the owner may',
        async (which) => {
          const database = await createDatabase(id);
          onTestFinished(() => database.drop());
          const owner = await serverUser(database, 'secret', 'owner');
          await connect(owner, (db) => createV060(db));
          const dba = await serverUser(database, 'secret', [
            'GRANT ALL ON SCHEMA public TO <user>',
            'GRANT ALL ON ALL TABLES IN SCHEMA public TO <user>',
            'ALTER ROLE <user> NOINHERIT',
            ...(which === 'is no member yet' ? [] : [`GRANT ${owner.name} TO <user>`]),
          ]);
          const run = commandRuns(dba, temporaryFolder());
          const { report } = await run(COMMANDS['migrate --no-backup']!);
          expect([report.exitCode, report.error?.code]).toEqual([2, 'PERMISSION']);
          const told = report.error?.details.map((line) => /: ((?:GRANT|ALTER ROLE) .*)$/.exec(line)?.[1]);
          await database.query((told ?? []).join(' '));
          expect((await run(COMMANDS['migrate --no-backup']!)).report).toMatchObject({
            exitCode: 0,
            error: null,
          });
        },
      );
    });
  }

  it.each(['statement timeout', 'user request'])(
    'a statement cancelled due to %s: the server’s word',
    (why) => {
      const said = { code: '57014', severity: 'ERROR', routine: 'ProcessInterrupts' };
      const error = Object.assign(new Error(`canceling statement due to ${why}`), said);
      const known = translatePostgresqlError(error);
      expect(known?.message).toContain(`due to ${why}`);
      expect(known?.hint).toMatch(
        /Where it names a timeout, .*SET statement_timeout = '1min'\. Where it names a user, /,
      );
    },
  );
});
