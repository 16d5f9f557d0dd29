import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/commands/migrate.ts';
import { status } from '../../src/commands/status.ts';
import { verify } from '../../src/commands/verify.ts';
import { commandRuns, rowsOf } from '../support/command-run.ts';
import { createDatabase, DATABASES, type TestDatabase } from '../support/databases.ts';
import { askDoctor } from '../support/doctor.ts';
import { sqliteFile } from '../support/sqlite-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const READ = { format: 'json', color: false } as const;
const MIGRATE = { ...READ, backup: false, lockTimeout: 5, yes: true, backupDir: '' } as const;

describe('What is dangerous is said', () => {
  for (const { id, available, dialect } of DATABASES) {
    describe.skipIf(!available)(id, () => {
      let database: TestDatabase;

      beforeAll(async () => {
        database = await createDatabase(id);
        return () => database.drop();
      });

      it('an administrator under .local: migrate, verify and doctor say that only the form at /admin lets it in', async () => {
        const env = { PLATFORM_ADMIN_EMAIL: 'Admin@Corp.local' };
        const run = commandRuns(database, temporaryFolder());
        const { report } = await run((io) => migrate(io, MIGRATE), env);
        const limit =
          'admin@corp.local logs in by the form at /admin only: v0.7.0’s POST /auth/email/login answers 422 to an address under .local';
        expect(report.warnings).toContain(
          `settings.admin-email: PLATFORM_ADMIN_EMAIL: ${limit} (the environment)`,
        );
        expect(report.warnings).toContain(
          'settings.admin-email: PLATFORM_ADMIN_EMAIL has capitals or blanks, and the gateway’s own start and scripts do not find the administrator by it: write admin@corp.local (the environment)',
        );
        expect(rowsOf(report, 'login')).toEqual([
          ['admin@corp.local, password: the one in PLATFORM_ADMIN_PASSWORD'],
          [limit],
        ]);
        const verified = await run((io) => verify(io, { ...READ, only: ['admin.login'] }), env);
        expect(verified.report).toMatchObject({
          exitCode: 0,
          checks: [{ status: 'warned', findings: [limit] }],
        });
        const answer = await askDoctor(database.url, { env });
        expect(answer.of('settings.admin-email')).toMatchObject({ status: 'warned', count: 2 });
        expect(JSON.stringify(answer.report)).not.toContain('admin.login');
        // Nobody chose an address: what is there is looked at.
        const asFound = await askDoctor(database.url, { env: { PLATFORM_ADMIN_EMAIL: undefined } });
        expect(asFound.of('data.verify-warnings').findings).toEqual([
          expect.stringContaining(`admin.login: ${limit}`),
        ]);
      });

      it('whether v0.7.0 is the last release that runs here: in status, doctor and what migrate did', async () => {
        const line = expect.stringMatching(
          /^v0\.7\.0 is the gateway’s last release that runs on (MySQL|MariaDB): before a later one, move to PostgreSQL\.$/,
        );
        const isLast = dialect === 'mysql';
        const run = commandRuns(database, temporaryFolder());
        const told = [
          (await run((io) => status(io, READ))).report.warnings,
          (await run((io) => migrate(io, { ...MIGRATE, dryRun: true }))).report.warnings,
          (await run((io) => migrate(io, MIGRATE))).report.warnings,
        ];
        for (const warnings of told) {
          expect(warnings.filter((text) => text.includes('last release')).length).toBe(isLast ? 1 : 0);
          if (isLast) expect(warnings).toContainEqual(line);
        }
        const answer = await askDoctor(database.url);
        const found = answer.report.checks.find((check) => check.id === 'database.last-release');
        expect(found?.findings).toEqual(isLast ? [line] : undefined);
        // What starts beside every replica says nothing when there is nothing to do.
        const again = await run((io) => migrate(io, MIGRATE));
        expect(again.report.warnings).toEqual([]);
      });
    });
  }

  it.each([
    'a@b.test',
    'a@b.localhost',
    'a@b.invalid',
    'a@b.onion',
    'a@b.in-addr.arpa',
    'a@b.LOCAL',
    'a@b..de',
    '.a@b.de',
    'a.@b.de',
    'a@b-.de',
  ])('an administrator %s is warned of', async (email) => {
    const answer = await askDoctor((await sqliteFile('v0.7.0')).url, {
      env: { PLATFORM_ADMIN_EMAIL: email },
    });
    expect(JSON.stringify(answer.of('settings.admin-email').findings)).toContain('answers 422');
  });

  it.each(['a@b.internal', 'a@b.lan', 'a@b.example', 'a@local.dev', 'a@test.io'])(
    'an administrator %s is fine',
    async (email) => {
      const answer = await askDoctor((await sqliteFile('v0.7.0')).url, {
        env: { PLATFORM_ADMIN_EMAIL: email },
      });
      expect(answer.of('settings.admin-email').status).toBe('passed');
    },
  );

  it('a password of megabytes is masked like any other', async () => {
    const file = join(temporaryFolder(), 'password');
    writeFileSync(file, 'x'.repeat(900_000));
    const env = { PLATFORM_ADMIN_PASSWORD: undefined, PLATFORM_ADMIN_PASSWORD_FILE: file };
    const answer = await askDoctor((await sqliteFile('v0.7.0')).url, { env });
    expect(answer.of('settings.valid').status).toBe('passed');
    expect(JSON.stringify(answer.report)).not.toContain('xxxx');
  });

  it('a % in DATABASE_URL, with which gateways up to v0.7.0 do not start: doctor and migrate say it, without the URL', async () => {
    const { url } = await sqliteFile('v0.6.0');
    const DATABASE_URL = `${url}?timeout=3%30`;
    const answer = await askDoctor(DATABASE_URL);
    const finding = 'DATABASE_URL has a %, with which gateways up to v0.7.0 do not start';
    expect(answer.of('settings.url-percent')).toMatchObject({ status: 'warned', findings: [finding] });
    const run = commandRuns({ url: DATABASE_URL }, temporaryFolder());
    const { report } = await run((io) => migrate(io, { ...MIGRATE, dryRun: true }));
    expect(report.warnings).toContain(`settings.url-percent: ${finding}`);
  });

  it.each([
    ['abcdefghij'.repeat(4), 'repeats too few characters'],
    ['a'.repeat(64), 'repeats too few characters'],
    ['äöüÄÖÜßéèêàáâîïôœçñõ', 'has fewer than 32 characters'],
    ['my-test-key', 'is a value from the gateway’s own documents'],
  ])('a JWT_SECRET_KEY that gateway 1.x refuses: doctor says that it %#', async (key, why) => {
    const answer = await askDoctor((await sqliteFile('v0.7.0')).url, { env: { JWT_SECRET_KEY: key } });
    const [finding] = answer.of('settings.secrets').findings;
    expect(finding).toContain(`JWT_SECRET_KEY ${why}`);
    expect(finding).toContain('gateway 1.x does not start with it');
    expect(JSON.stringify(answer.report)).not.toContain(key);
  });

  it.each(['0123456789abcdef0123456789abcdef', 'thisisaverylongsecretkeythatisokay'])(
    'a JWT_SECRET_KEY like %s, with which gateway 1.x starts, is fine',
    async (key) => {
      const answer = await askDoctor((await sqliteFile('v0.7.0')).url, { env: { JWT_SECRET_KEY: key } });
      expect(answer.of('settings.secrets').status).toBe('passed');
    },
  );
});
