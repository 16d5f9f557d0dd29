import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { askDoctor, type DoctorAnswer, type DoctorRequest } from '../../support/doctor.ts';
import { reportOf } from '../../support/report-of.ts';
import { spawnCli } from '../../support/spawn-cli.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

interface Asked {
  readonly folder: string;
  readonly envFile: string;
  readonly answer: DoctorAnswer;
}

/** Asks in a folder with this `.env`, about a migrated database; `env` goes over it. */
async function ask(content: string, request: DoctorRequest & { mode?: number } = {}): Promise<Asked> {
  const folder = temporaryFolder();
  const envFile = join(folder, '.env');
  writeFileSync(envFile, content);
  chmodSync(envFile, request.mode ?? 0o600);
  const { url } = await sqliteFile('v0.7.0');
  return { folder, envFile, answer: await askDoctor(url, { ...request, cwd: folder }) };
}

/** So that the value in the file is the one that counts. */
const FROM_FILE = { PLATFORM_ADMIN_PASSWORD: undefined };

describe('settings.env-file', () => {
  it('is no matter where there is none', async () => {
    const { url } = await sqliteFile('v0.7.0');
    const folder = temporaryFolder();
    const answer = await askDoctor(url, { cwd: folder });
    expect(answer.of('settings.env-file')).toMatchObject({
      status: 'passed',
      findings: [`there is no ${folder}/.env`],
    });
    expect(
      answer.report.checks.filter(({ group }) => group === 'Settings').map(({ status }) => status),
    ).toEqual(Array(8).fill('passed'));
  });

  it('names the lines that cannot be parsed, and nothing that stands in them', async () => {
    const { answer } = await ask('LOG_LEVEL=INFO\nhunter2-is-secret\nDB_POOL_SIZE="hunter3\n');
    const found = answer.of('settings.env-file');
    expect(found).toMatchObject({ status: 'failed', count: 2 });
    expect(found.findings[1]).toMatch(/^line 2: /);
    expect(found.findings[2]).toMatch(/^line 3: a " is opened/);
    expect(JSON.stringify(answer.report)).not.toContain('hunter');
  });

  it('cannot tell which database is meant when only the file would', async () => {
    const { answer } = await ask('neither\n', { env: { DATABASE_URL: undefined } });
    expect(answer.of('settings.env-file').status).toBe('failed');
    expect(answer.of('database.open').status).toBe('skipped');
  });

  it('names the user whose file it is', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can run as another user');
    const { url } = await sqliteFile('v0.7.0');
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, '.env'), 'LOG_LEVEL=INFO\n', { mode: 0o600 });
    const ran = await spawnCli(['doctor', '--format', 'json'], {
      uid: 12_345,
      cwd: folder,
      env: { DATABASE_URL: url },
    });
    const found = reportOf(ran).checks.find(({ id }) => id === 'settings.env-file');
    expect(found).toMatchObject({ status: 'failed', command: `sudo chown 12345 ${folder}/.env` });
    expect(found?.findings[0]).toContain('permission is denied');
    expect(found?.hint).toContain('owner root (0), mode 0600');
    chmodSync(folder, 0o700);
    const closed = await spawnCli(['doctor', '--format', 'json'], {
      uid: 12_345,
      cwd: folder,
      env: { DATABASE_URL: url },
    });
    expect(reportOf(closed).checks.find(({ id }) => id === 'settings.env-file')).toMatchObject({
      status: 'failed',
      command: `sudo chmod o+x ${folder}`,
    });
  });
});

describe('settings.valid', () => {
  it('tells every problem at once', async () => {
    const { answer } = await ask('DB_MAX_RETRIES=many\nLOG_LEVEL=LOUD\n', {
      env: { PLATFORM_ADMIN_EMAIL: 'nobody' },
    });
    const found = answer.of('settings.valid');
    expect(found).toMatchObject({ status: 'failed', count: 3 });
    expect(found.findings.map((line) => line.split(':')[0])).toEqual([
      'DB_MAX_RETRIES',
      'LOG_LEVEL',
      'PLATFORM_ADMIN_EMAIL',
    ]);
  });

  it('keeps the password of a URL that cannot be used to itself', async () => {
    const { answer } = await ask('', { env: { DATABASE_URL: 'oracle://mcp:hunter2@db/x' } });
    expect(answer.of('settings.valid')).toMatchObject({ status: 'failed', count: 1 });
    expect(JSON.stringify(answer.report)).not.toContain('hunter2');
    expect(answer.of('database.open').status).toBe('skipped');
  });
});

describe('settings.database-url', () => {
  it('asks whether this is the right folder when the default database is not there', async () => {
    const { answer, folder } = await ask('LOG_LEVEL=INFO\n', { env: { DATABASE_URL: undefined } });
    expect(answer.of('settings.database-url')).toMatchObject({
      status: 'warned',
      findings: [expect.stringContaining(`${folder}/mcp.db`)],
      command: '',
      hint: expect.stringContaining('--env-file'),
    });
  });

  it('takes the default database where it is', async () => {
    const { folder, name } = await sqliteFile('v0.7.0');
    const answer = await askDoctor('', { cwd: folder, env: { DATABASE_URL: undefined } });
    expect(answer.of('settings.database-url')).toMatchObject({
      status: 'passed',
      findings: [expect.stringContaining(name)],
    });
  });
});

describe('settings.unknown', () => {
  it('names the right name for each misspelt one, with its line', async () => {
    const { answer, envFile } = await ask(
      'PLATFORM_ADMIN_EMIAL=a@b.example\nSSO_ENABLE=true\n\nDATABASEURL=x\nLOGLEVEL=INFO\nJWT_SECRET_KYE=x\n',
    );
    expect(answer.of('settings.valid').status).toBe('passed');
    const found = answer.of('settings.unknown');
    expect(found).toMatchObject({ status: 'warned', count: 5 });
    expect(found.findings).toEqual([
      `PLATFORM_ADMIN_EMIAL is unknown: is it PLATFORM_ADMIN_EMAIL? (${envFile}:1)`,
      `SSO_ENABLE is unknown: is it SSO_ENABLED? (${envFile}:2)`,
      `DATABASEURL is unknown: is it DATABASE_URL? (${envFile}:4)`,
      `LOGLEVEL is unknown: is it LOG_LEVEL? (${envFile}:5)`,
      `JWT_SECRET_KYE is unknown: is it JWT_SECRET_KEY? (${envFile}:6)`,
    ]);
  });

  it('passes over what else the gateway reads, and anything far from ours', async () => {
    const { answer } = await ask(
      [
        'HOST PORT APP_NAME LOG_FORMAT LOG_FILE LOG_FOLDER REDIS_URL REDIS_MAX_RETRIES REDIS_RETRY_INTERVAL_MS',
        'JWT_ALGORITHM JWT_ISSUER HSTS_ENABLED SSO_ENTRA_ENABLED SSO_ENTRA_CLIENT_ID SSO_ENTRA_CLIENT_SECRET',
        'SSO_GOOGLE_ADMIN_DOMAINS MCPGATEWAY_UI_ENABLED OAUTH_MAX_RETRIES DB_POOL_CLASS DB_POOL_PRE_PING CACHE_TYPE',
        'my_own_thing',
      ]
        .flatMap((line) => line.split(' '))
        .map((name) => `${name}=1`)
        .join('\n'),
    );
    expect(answer.of('settings.unknown')).toMatchObject({ status: 'passed', findings: [] });
  });

  it('leaves other programs’ variables alone, unless one could be meant that is not set', async () => {
    const environment = { LOGLEVEL: 'debug', DATABASE_URI: 'x', PLATFORM_ADMIN_FULLNAME: 'Dana', HOME: '/' };
    const { answer } = await ask('', { env: environment });
    expect(answer.of('settings.unknown').findings).toEqual([
      'PLATFORM_ADMIN_FULLNAME is unknown: is it PLATFORM_ADMIN_FULL_NAME? (the environment)',
    ]);
  });
});

describe('a misspelt variable that decides which database or which administrator is meant', () => {
  it('is an error, and no other database is looked at in its place', async () => {
    const { folder, name } = await sqliteFile('v0.7.0');
    const before = readFileSync(name);
    writeFileSync(join(folder, '.env'), 'DATABASE_ULR=sqlite:///./other.db\nPASSWORD_MIN_LENGHT=9\n', {
      mode: 0o600,
    });
    const answer = await askDoctor('', { cwd: folder, env: { DATABASE_URL: undefined }, repair: true });
    expect(answer.of('settings.valid')).toMatchObject({
      status: 'failed',
      findings: [expect.stringMatching(/^DATABASE_URL: it is not set, but DATABASE_ULR is \(.*\.env:1\)/)],
    });
    expect(answer.of('settings.unknown')).toMatchObject({
      status: 'warned',
      findings: [expect.stringContaining('PASSWORD_MIN_LENGHT')],
    });
    expect(answer.of('database.open').status).toBe('skipped');
    expect(readFileSync(name).equals(before)).toBe(true);
  });

  it('is an error for the administrator, too, while the right one is not set', async () => {
    const { answer } = await ask('PLATFORM_ADMIN_PASWORD=Str0ng-Passw0rd!\n', { env: FROM_FILE });
    expect(answer.of('settings.valid')).toMatchObject({ status: 'failed', count: 1 });
    expect(JSON.stringify(answer.report)).not.toContain('Str0ng');
  });
});

describe('settings.secrets', () => {
  it('names defaults and weak ones without showing them', async () => {
    const { answer, envFile } = await ask(
      'JWT_SECRET_KEY=my-test-key\nAUTH_ENCRYPTION_SECRET=my-test-salt\nBASIC_AUTH_PASSWORD=changeme\nPLATFORM_ADMIN_PASSWORD=changeme\n',
      { env: FROM_FILE },
    );
    const found = answer.of('settings.secrets');
    expect(found).toMatchObject({
      status: 'warned',
      count: 4,
      command: expect.stringContaining('openssl rand'),
    });
    expect(found.findings.map((line) => line.split(' ')[0]?.replace(':', ''))).toEqual([
      'PLATFORM_ADMIN_PASSWORD',
      'JWT_SECRET_KEY',
      'AUTH_ENCRYPTION_SECRET',
      'BASIC_AUTH_PASSWORD',
    ]);
    expect(found.findings[1]).toContain(`${envFile}:1`);
    expect(JSON.stringify(answer.report)).not.toMatch(/my-test|changeme/);
  });

  it('holds the administrator’s password against the policy, and keys against their least length', async () => {
    const { answer } = await ask('PASSWORD_MIN_LENGTH=30\nJWT_SECRET_KEY=not-long-enough\n');
    expect(answer.of('settings.secrets').findings).toEqual([
      expect.stringMatching(/^PLATFORM_ADMIN_PASSWORD: it has fewer than 30 characters/),
      expect.stringMatching(/^JWT_SECRET_KEY has fewer than 32 characters/),
    ]);
    expect(JSON.stringify(answer.report)).not.toContain('not-long-enough');
  });

  it('knows the passwords of databases that everybody tries', async () => {
    const answer = await askDoctor('postgresql://postgres:mysecretpassword@127.0.0.1:1/mcp', {});
    expect(answer.of('settings.secrets').findings).toEqual([
      'DATABASE_URL has a password that everybody tries first',
    ]);
    expect(JSON.stringify(answer.report)).not.toContain('mysecretpassword');
  });

  it('takes good ones, and says nothing of those that are not set here', async () => {
    const { answer } = await ask(
      `JWT_SECRET_KEY=0123456789abcdef-ghijklmnopqrstuvwxyz\nAUTH_ENCRYPTION_SECRET=a-long-passphrase\n`,
      {
        env: FROM_FILE,
      },
    );
    expect(answer.of('settings.secrets')).toMatchObject({ status: 'passed', count: 0, findings: [] });
  });
});

describe('settings.env-mode', () => {
  const SECRET = 'PLATFORM_ADMIN_PASSWORD=Str0ng-Passw0rd!\nLOG_LEVEL=INFO\n';

  it('finds a file with secrets that everybody may read, and closes it', async () => {
    const { answer, envFile, folder } = await ask(SECRET, { mode: 0o644 });
    expect(answer.of('settings.env-mode')).toMatchObject({
      status: 'warned',
      fixable: true,
      findings: [`${envFile}: mode 644, with PLATFORM_ADMIN_PASSWORD`],
    });
    const { url } = await sqliteFile('v0.7.0');
    const repaired = await askDoctor(url, { cwd: folder, repair: true });
    expect(repaired.report.steps).toMatchObject([{ id: 'settings.env-mode', status: 'done' }]);
    expect(repaired.of('settings.env-mode')).toMatchObject({ status: 'passed', repaired: 1, remaining: 0 });
    expect(statSync(envFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(envFile, 'utf8')).toBe(SECRET);
  });

  it('minds neither a file without secrets nor one that a group may read', async () => {
    const url = 'DATABASE_URL=sqlite:///./mcp.db\nJWT_SECRET_KEY=\nLOG_LEVEL=INFO\n';
    expect((await ask(url, { mode: 0o644 })).answer.of('settings.env-mode').status).toBe('passed');
    expect((await ask(SECRET, { mode: 0o640 })).answer.of('settings.env-mode').status).toBe('passed');
  });

  it('leaves a file of another user to that user', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can run as another user');
    const file = await sqliteFile('v0.7.0');
    const folder = join(temporaryFolder(), 'it is');
    mkdirSync(folder);
    writeFileSync(join(folder, '.env'), SECRET);
    for (const path of ['..', '.', '.env']) chmodSync(join(folder, path), path === '.env' ? 0o644 : 0o755);
    copyFileSync(file.name, join(folder, 'mcp.db'));
    const ran = await spawnCli(['doctor', '--format', 'json'], {
      uid: 12_345,
      cwd: folder,
      env: { DATABASE_URL: 'sqlite:///./mcp.db' },
    });
    const found = reportOf(ran).checks.find(({ id }) => id === 'settings.env-mode');
    expect(found).toMatchObject({
      status: 'warned',
      fixable: false,
      command: `sudo chgrp 12345 '${folder}/.env' && sudo chmod 640 '${folder}/.env'`,
    });
    for (const args of [
      ['chgrp', '12345'],
      ['chmod', '640'],
    ]) {
      execFileSync(args[0] ?? '', [args[1] ?? '', join(folder, '.env')]);
    }
    const again = await spawnCli(['doctor', '--format', 'json'], {
      uid: 12_345,
      cwd: folder,
      env: { DATABASE_URL: 'sqlite:///./mcp.db' },
    });
    const checks = reportOf(again).checks.filter(({ id }) => /^settings\.env-/.test(id));
    expect(checks.map(({ status }) => status)).toEqual(['passed', 'passed']);
    expect(checks[0]?.findings[0]).toContain('2 set');
    expect(checks[1]?.findings[0]).toContain('mode 640, with PLATFORM_ADMIN_PASSWORD');
  });
});
