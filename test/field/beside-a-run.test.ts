import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Manifest } from '../../src/backup/manifest.ts';
import { statement } from '../../src/database/statement.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { hooked, smallV060 } from '../faults/kill-support.ts';
import { clientPath } from '../support/client-path.ts';
import { connect } from '../support/connect.ts';
import { DATABASES } from '../support/database-kinds.ts';
import type { TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { reportIn } from '../support/report-of.ts';
import { type RunningCli, startCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The last statement of both, when their work is done and their locks are held. */
const AT_THE_END = 'UPDATE alembic_version|INSERT INTO alembic_version';

describe('A command beside a run is of the state before it or after it', () => {
  for (const kind of DATABASES) {
    describe.skipIf(!kind.available)(kind.id, () => {
      const start = (database: TestDatabase, args: readonly string[], env = {}) =>
        startCli([...args, '--format', 'json'], {
          env: { DATABASE_URL: database.url, DB_MAX_RETRIES: '0', PATH: clientPath(database.url), ...env },
        });
      const ended = async (run: RunningCli) => {
        const { stdout, stderr } = await run.ended;
        return { report: reportIn(stdout, stderr), stderr };
      };
      /** A run that stands still where it has all its locks, until it is told to go on. */
      const held = async (database: TestDatabase, args: readonly string[]) => {
        const { env } = hooked(database.url, { at: 1, match: AT_THE_END, signal: 'SIGSTOP' });
        const run = await start(database, args, env);
        onTestFinished(() => void run.child.kill('SIGKILL'));
        await run.shows('[hook]');
        return { run, goOn: () => run.child.kill('SIGCONT') };
      };
      const migrating = (database: TestDatabase) => held(database, ['migrate', '--no-backup']);
      const rollingBack = async (database: TestDatabase) => {
        await migrate(database);
        return held(database, ['rollback', '--yes', '--no-backup']);
      };
      /** Long enough for a command to have read what it wrongly does not wait to read. */
      const waits = (run: RunningCli) =>
        Promise.race([
          run.shows('Waiting for').catch(() => {}),
          run.ended,
          new Promise((go) => setTimeout(go, 1_500)),
        ]);

      it.skipIf(clientIsOlder(kind)).each(['migrate', 'rollback'])(
        'a backup begun during a %s is labelled with what it holds',
        async (which) => {
          const database = await smallV060(kind.id);
          const { run, goOn } = await (which === 'migrate' ? migrating : rollingBack)(database);
          const place = join(temporaryFolder(), 'kept');
          const backup = await start(database, ['backup', '--backup-dir', place]);
          // SQLite lets it end meanwhile: a busy machine may take longer over that than `waits` does.
          await (kind.dialect === 'sqlite' ? backup.ended : waits(backup));
          goOn();
          expect((await run.ended).exitCode).toBe(0);
          const { report } = await ended(backup);
          const names = readdirSync(place);
          const [name = ''] = names.filter((each) => each.endsWith('.json'));
          const manifest: Manifest = JSON.parse(readFileSync(join(place, name), 'utf8'));
          expect(names).toHaveLength(2);
          // Only SQLite lets it read what was there before, and then it is of that.
          const isNew = (which === 'migrate') === (kind.dialect !== 'sqlite');
          const [release, revision] = isNew ? ['0.7.0', 'e182847d89e6'] : ['0.6.0', '1fc1795f6983'];
          expect(report).toMatchObject({ exitCode: 0, database: { release, revision } });
          expect(manifest).toMatchObject({ release, revision, unfinished: false });
          expect(manifest.file).toContain(`-${release}.`);
          expect(existsSync(join(place, manifest.file))).toBe(true);
          expect(manifest.rows.gateways).toBe(Number(await database.query('SELECT count(*) FROM gateways')));
          expect('email_users' in manifest.rows).toBe(release === '0.7.0');
        },
      );

      it('fix begun during a rollback repairs nothing: exit 2', async () => {
        const database = await smallV060(kind.id);
        await migrate(database);
        await database.query('UPDATE tools SET team_id = NULL, owner_email = NULL');
        const { run, goOn } = await held(database, ['rollback', '--yes', '--no-backup']);
        const fix = await start(database, ['fix', '--yes', '--no-backup']);
        await waits(fix);
        goOn();
        expect((await run.ended).exitCode).toBe(0);
        const { report } = await ended(fix);
        expect(report).toMatchObject({ exitCode: 2, error: { code: 'STATE' } });
        expect(report.error?.message).toContain('v0.6.0');
      });

      it('a rollback begun during a migrate waits for it, and rolls it back', async () => {
        const database = await smallV060(kind.id);
        const { run, goOn } = await migrating(database);
        const rollback = await start(database, ['rollback', '--yes', '--no-backup']);
        await rollback.shows('Waiting for');
        goOn();
        expect((await run.ended).exitCode).toBe(0);
        const { report } = await ended(rollback);
        expect(report).toMatchObject({ exitCode: 0, database: { release: '0.6.0' } });
        expect(report.steps.some(({ status }) => status === 'done')).toBe(true);
      });

      it.runIf(kind.dialect === 'postgresql').each(['migrate', 'rollback'])(
        'status and verify begun during a %s see one state',
        async (which) => {
          const database = await smallV060(kind.id);
          const { run, goOn } = await (which === 'migrate' ? migrating : rollingBack)(database);
          const readers = await Promise.all(['status', 'verify'].map((name) => start(database, [name])));
          await new Promise((go) => setTimeout(go, 1_000));
          goOn();
          expect((await run.ended).exitCode).toBe(0);
          for (const reader of readers) {
            const { report } = await ended(reader);
            expect(report.error).toBeNull();
            expect(report.database?.release).toBe(which === 'migrate' ? '0.7.0' : '0.6.0');
            expect(report.checks.filter(({ id }) => id === 'foreign-keys.dangling')).not.toContainEqual(
              expect.objectContaining({ status: 'failed' }),
            );
          }
        },
      );

      it.runIf(kind.dialect !== 'sqlite')(
        'a read that a run keeps waiting names the run: exit 4',
        async () => {
          const database = await smallV060(kind.id);
          await connect(database, async (db) => {
            await db.dialect.beginRun(db, { timeoutMs: 0, onWait: () => {} });
            const how = kind.dialect === 'mysql' ? 'LOCK TABLES tools WRITE' : 'LOCK TABLE tools';
            await db.run(statement(how));
            const { report } = await ended(await start(database, ['status']));
            expect(report).toMatchObject({ exitCode: 4, error: { code: 'LOCKED' } });
            expect(report.error?.message).toContain(`pid ${process.pid}`);
            expect(report.error?.hint).not.toMatch(/KILL|terminate/);
            if (kind.dialect === 'mysql') await db.run(statement('UNLOCK TABLES'));
            await db.dialect.endRun(db, false);
          });
        },
      );
    });
  }
});
