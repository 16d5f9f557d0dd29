import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import { createDatabase, DATABASES, describeEachDatabase } from '../support/databases.ts';
import { ADMIN_PASSWORD, DATABASE_PASSWORD, expectNoSecret } from '../support/planted-secrets.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { serverUser } from '../support/server-user.ts';
import { spawnCli, startCli } from '../support/spawn-cli.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describeEachDatabase('secrets', ({ id, dialect }) => {
  it('are in no output, report, log, file or process list', async () => {
    const database = await createDatabase(id);
    onTestFinished(() => database.drop());
    const folder = temporaryFolder();
    const url =
      dialect === 'sqlite' ? database.url : (await serverUser(database, DATABASE_PASSWORD, 'owner')).url;
    await createSample(url, SMALL_SAMPLE);
    const env = { DATABASE_URL: url, PLATFORM_ADMIN_PASSWORD: ADMIN_PASSWORD, DB_MAX_RETRIES: '0' };
    const output = join(folder, 'report');
    const flags = dialect === 'sqlite' ? [] : ['--no-backup'];
    const runs: readonly (readonly [args: readonly string[], exitCode: number])[] = [
      [['config'], 0],
      [['status', '--debug'], 0],
      [['migrate', '--dry-run', '--verbose', '--debug', ...flags], 0],
      [['migrate', '--debug', '--format', 'json', '--output', output, ...flags], 0],
      [['verify', '--debug', '--format', 'markdown'], 0],
      [['migrate', '--debug'], 0],
      [['fix', '--yes', '--debug', '--format', 'junit'], 0],
      [['fix', '--debug', '--team', 'none'], 2],
    ];
    for (const [args, exitCode] of runs) {
      const running = await startCli(args, { env });
      const cmdline = existsSync(`/proc/${running.pid}/cmdline`)
        ? readFileSync(`/proc/${running.pid}/cmdline`, 'utf8')
        : '';
      const result = await running.ended;
      expect(result.exitCode, result.stderr).toBe(exitCode);
      expectNoSecret(`stdout of ${args[0]}`, result.stdout);
      expectNoSecret(`stderr of ${args[0]}`, result.stderr);
      expectNoSecret('the process list', cmdline);
    }
    expectNoSecret('the report', readFileSync(output, 'utf8'));

    const wrong = { ...env, DATABASE_URL: url.replace(/\/[^/]*$/, '/none') };
    const failed = await spawnCli(['verify', '--debug', '--format', 'json'], { env: wrong });
    expect(failed.exitCode).toBe(2);
    expectNoSecret('an error', failed.stdout + failed.stderr);
  });
});

it('read from files work, and stay there', async () => {
  const server = DATABASES.find(({ dialect, available }) => dialect !== 'sqlite' && available);
  const database = await createDatabase(server?.id ?? 'sqlite');
  onTestFinished(() => database.drop());
  const folder = temporaryFolder();
  const url =
    server === undefined ? database.url : (await serverUser(database, DATABASE_PASSWORD, 'owner')).url;
  writeFileSync(join(folder, 'url'), `${url}\n`);
  writeFileSync(join(folder, 'password'), `${ADMIN_PASSWORD}\n`);
  const env = {
    PLATFORM_ADMIN_PASSWORD: undefined,
    PLATFORM_ADMIN_PASSWORD_FILE: join(folder, 'password'),
    DATABASE_URL_FILE: join(folder, 'url'),
  };
  for (const args of [['config'], ['migrate', '--debug', '--no-backup'], ['verify']]) {
    const { exitCode, stdout, stderr } = await spawnCli(args, { env });
    expect(exitCode, stderr).toBe(0);
    expectNoSecret(args.join(' '), stdout + stderr);
  }
  const missing = await spawnCli(['verify'], { env: { ...env, DATABASE_URL_FILE: join(folder, 'none') } });
  expect(missing.exitCode).toBe(2);
  expect(missing.stderr).toMatch(/DATABASE_URL_FILE: .*none/s);
});

it('in a malformed URL are not shown', async () => {
  for (const url of [
    `postgresql://user:${DATABASE_PASSWORD}@[::1/db`,
    `postgres//user:${DATABASE_PASSWORD}@host/db`,
    `mysql://user:${DATABASE_PASSWORD}@host:none/db`,
    `oracle://user:${DATABASE_PASSWORD}@host/db`,
  ]) {
    const { exitCode, stdout, stderr } = await spawnCli(['migrate', '--debug', '--database-url', url]);
    expect(exitCode).toBe(2);
    expectNoSecret(url, stdout + stderr);
  }
});

const LEMUR = 'Wr0ngLemur';
const MISPLACED = `postgresql://a:${LEMUR}@h/d`;
const WRONG_SCHEME = `sqlite:///a:${LEMUR}@127.0.0.1:5432/d`;

it.each([
  [`--databse-url=${MISPLACED}`, 'status'],
  [`--databse-url=postgresql://h/d?password=${LEMUR}`, 'status'],
  [`--databse-url=a:${LEMUR}@h/d`, 'status'],
  [`--databse-url=${LEMUR}`, 'status'],
  [MISPLACED],
  [MISPLACED, 'status'],
  ['--format', MISPLACED, 'status'],
  ['status', `--wait=${MISPLACED}`],
  ['status', '--lock-timeout', MISPLACED],
  ['restore', MISPLACED],
  ['restore', `postgresql://a:of/${LEMUR}/@h`],
  ['status', '-o', MISPLACED],
  ['status', '--env-file', MISPLACED],
  [`--settings=${MISPLACED}`, 'status', '--debug'],
  ['status', '--database-url-file', MISPLACED],
  ['verify', '--only', MISPLACED],
  ['fix', '--visibility', MISPLACED],
  ['backup', '--list', '--backup-dir', MISPLACED, '--database-url', 'sqlite:////none/none.db'],
  ['status', '--debug', '--database-url', WRONG_SCHEME],
  ['config', '--database-url', WRONG_SCHEME],
  ['doctor', '--database-url', WRONG_SCHEME],
])('in the wrong place are not shown: %s %s %s %s', async (...args) => {
  for (const format of ['text', 'json', 'markdown', 'junit']) {
    const last = args[0] === '--format' ? [] : ['--format', format];
    const { stdout, stderr } = await runInProcess([...args, ...last]);
    expect(stdout + stderr).not.toBe('');
    expect(stdout + stderr).not.toContain(LEMUR);
  }
});

it.each(['status', 'config', 'doctor', 'migrate'])(
  'of a server’s URL with the scheme of SQLite are not shown by %s',
  async (command) => {
    const { stdout, stderr } = await runInProcess([command, '--debug'], {
      env: { DATABASE_URL: WRONG_SCHEME },
    });
    expect(stdout + stderr).not.toContain(LEMUR);
  },
);
