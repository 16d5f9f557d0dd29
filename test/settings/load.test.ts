import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { loadSettings, type SettingsInput } from '../../src/settings/load.ts';
import { secretsOf } from '../../src/settings/secrets-of.ts';
import { VARIABLES } from '../../src/settings/variables.ts';

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'mcpgw-settings-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const GOOD = { PLATFORM_ADMIN_EMAIL: 'ann@corp.com', PLATFORM_ADMIN_PASSWORD: 'Correct-horse-7' };

function load(env: Record<string, string | undefined> = {}, more: Partial<SettingsInput> = {}) {
  return loadSettings({
    flags: {},
    env,
    cwd,
    credentials: 'optional',
    allowDefaultCredentials: false,
    ...more,
  });
}

const migrate = (env: Record<string, string | undefined>, more: Partial<SettingsInput> = {}) =>
  load({ ...GOOD, ...env }, { credentials: 'required', ...more });

function problemsOf(act: () => unknown): readonly string[] {
  return errorOf(act).details.map(String);
}

function errorOf(act: () => unknown): GatewayError {
  try {
    act();
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('the settings were taken');
}

describe('precedence', () => {
  const file = (text: string) => writeFileSync(join(cwd, '.env'), text);

  it('default, then .env, then environment, then flag', () => {
    const source = (input: Partial<SettingsInput>, env = {}) => load(env, input).sources.get('DATABASE_URL');
    expect(source({})).toEqual({ value: `sqlite:///${cwd}/mcp.db`, source: 'default', detail: '' });
    file('# one\nDATABASE_URL=sqlite:///env-file.db');
    expect(source({})).toMatchObject({ source: '.env', detail: `${join(cwd, '.env')}:2` });
    const env = { DATABASE_URL: 'sqlite:///environment.db' };
    expect(source({}, env)).toMatchObject({
      value: `sqlite:///${cwd}/environment.db`,
      source: 'environment',
    });
    const flags = { databaseUrl: 'sqlite:///flag.db' };
    expect(source({ flags }, env)).toMatchObject({ source: 'flag', detail: '--database-url' });
    expect(load(env, { flags }).target).toMatchObject({ path: join(cwd, 'flag.db') });
  });

  it('names are read in any case, and the usual one wins', () => {
    file('password_Min_Length=9\n');
    expect(load().settings.passwordMinLength).toBe(9);
    expect(load({ password_min_length: '10' }).settings.passwordMinLength).toBe(10);
    expect(load({ PASSWORD_MIN_LENGTH: '12', password_min_length: '11' }).settings.passwordMinLength).toBe(
      12,
    );
    expect(load({ password_min_length: '11', PASSWORD_MIN_LENGTH: '12' }).settings.passwordMinLength).toBe(
      12,
    );
  });

  it('an empty text is not set, but for the credentials the gateway would take', () => {
    file('DB_MAX_RETRIES=7\nDATABASE_URL=sqlite:///file.db\nPLATFORM_ADMIN_FULL_NAME=Ann');
    const { settings, target } = load({ DB_MAX_RETRIES: '', DATABASE_URL: '', PLATFORM_ADMIN_FULL_NAME: '' });
    expect(settings.dbMaxRetries).toBe(7);
    expect(target).toMatchObject({ path: join(cwd, 'file.db') });
    expect(settings.platformAdminFullName).toBe('');
    expect(problemsOf(() => migrate({ PLATFORM_ADMIN_PASSWORD: '' }))).toEqual([
      expect.stringMatching(/^PLATFORM_ADMIN_PASSWORD: it has fewer than 8/),
    ]);
  });

  it('another .env by --env-file, relative to the working folder', () => {
    writeFileSync(join(cwd, 'other.env'), 'LOG_LEVEL=debug');
    const { settings, sources } = load({}, { flags: { envFile: 'other.env' } });
    expect(settings.logLevel).toBe('DEBUG');
    expect(sources.get('LOG_LEVEL')?.detail).toBe(`${join(cwd, 'other.env')}:1`);
    expect(errorOf(() => load({}, { flags: { envFile: 'none.env' } })).code).toBe('ENV_FILE');
  });

  it('everything that is wrong with a file and with what can be read of it is told at once', () => {
    const text = 'LOG_LEVEL=LOUD\nA=caf\xe9\nstray\nPLATFORM_ADMIN_EMAIL=nobody\xe9\nDB_MAX_RETRIES=many\n';
    writeFileSync(join(cwd, '.env'), Buffer.from(text, 'latin1'));
    const error = errorOf(() => load({}, { credentials: 'required' }));
    expect(error.code).toBe('ENV_FILE');
    // Whether the administrator is set is not known: the lines may be those that cannot be read.
    expect(error.details.map((detail) => `${detail}`.split(':')[0])).toEqual([
      'line 2',
      'line 3',
      'line 4',
      'DB_MAX_RETRIES',
      'LOG_LEVEL',
    ]);
  });

  it('a reference to nothing is a problem where the value counts, and only there', () => {
    file(`DATABASE_URL=postgresql://ann:\${NO_SUCH}@db/mcp\nUNRELATED=\${NO_SUCH}`);
    expect(problemsOf(() => load())).toEqual([
      expect.stringMatching(/^DATABASE_URL: line 1 .*\$\{NO_SUCH\}/),
    ]);
    expect(load({ NO_SUCH: 'pw' }).target).toMatchObject({ password: 'pw' });
    expect(load({ DATABASE_URL: 'sqlite:///x.db' }).target.dialect).toBe('sqlite');
  });
});

describe('a misspelt variable that decides where or as whom is written', () => {
  const file = (text: string) => writeFileSync(join(cwd, '.env'), text);

  it.each([
    ['DATABASE_ULR=sqlite:///./other.db', 'DATABASE_URL', 'DATABASE_ULR'],
    ['database_ur=sqlite:///./other.db', 'DATABASE_URL', 'DATABASE_UR'],
    ['DATABASE_URL_FIEL=url', 'DATABASE_URL_FILE', 'DATABASE_URL_FIEL'],
  ])('%s is a problem for every command', (line, meant, written) => {
    file(`# one\n${line}\n`);
    for (const purpose of ['read', 'write'] as const) {
      const error = errorOf(() => load({}, { purpose }));
      expect([error.code, error.exitCode]).toEqual(['SETTINGS', 2]);
      expect(error.details).toEqual([
        `${meant}: it is not set, but ${written} is (${join(cwd, '.env')}:2), which nothing reads; write ${meant} there, or take ${written} out`,
      ]);
    }
  });

  it.each(['PLATFORM_ADMIN_EMAL', 'PLATFORM_ADMIN_PASWORD', 'PLATFORM_ADMIN_PASWORD_FILE'])(
    '%s is one for those that write',
    (name) => {
      const meant = name.replace('EMAL', 'EMAIL').replace('PASWORD', 'PASSWORD');
      const told = expect.stringMatching(new RegExp(`^${meant}: it is not set, but ${name} is \\(`));
      file(`${name}=hunter2`);
      expect(problemsOf(() => load())).toEqual([told]);
      expect(load({}, { purpose: 'read' }).warnings).toEqual([]);
      const { [meant.replace('_FILE', '')]: _left, ...others } = { ...GOOD } as Record<string, string>;
      const problems = problemsOf(() => load(others, { credentials: 'required' }));
      expect(problems).toContainEqual(told);
      expect(problems.join()).not.toContain('hunter2');
      // The right one, from wherever.
      expect(migrate({}).settings.platformAdminEmail).toBe(GOOD.PLATFORM_ADMIN_EMAIL);
    },
  );

  it('the environment counts as well', () => {
    expect(problemsOf(() => load({ DATABASE_ULR: 'sqlite:///x.db' }))).toEqual([
      expect.stringContaining('DATABASE_ULR is (the environment)'),
    ]);
  });

  it('is none where the right one is set, where it is empty, and where it decides nothing', () => {
    file('DATABASE_ULR=sqlite:///other.db\n');
    const right = join(cwd, 'right.db');
    expect(load({ DATABASE_URL: 'sqlite:///right.db' }).target).toMatchObject({ path: right });
    expect(load({}, { flags: { databaseUrl: 'sqlite:///right.db' } }).target).toMatchObject({ path: right });
    writeFileSync(join(cwd, 'url'), 'sqlite:///right.db');
    expect(load({ DATABASE_URL_FILE: 'url' }).target).toMatchObject({ path: right });
    file('DATABASE_ULR=\nPASSWORD_MIN_LENGHT=9\nDATABASE_PORT=1\n');
    expect(load().target).toMatchObject({ path: join(cwd, 'mcp.db') });
  });
});

describe('values', () => {
  it('defaults are those of the list, typed and frozen', () => {
    const { settings } = load();
    expect(settings).toMatchObject({
      emailAuthEnabled: true,
      platformAdminEmail: 'admin@example.com',
      adminEmailIsDefault: true,
      argon2idMemoryCost: 65536,
      passwordHash: 'argon2id',
      dbRetryIntervalMs: 2000,
      logLevel: 'INFO',
      ssoIbmVerifyClientSecret: null,
      ssoTrustedDomains: [],
    });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.ssoTrustedDomains)).toBe(true);
    // Three variables are no settings; two settings are no variables.
    expect(Object.keys(settings)).toHaveLength(VARIABLES.length - 3 + 2);
  });

  it.each([
    ['true', true],
    ['1', true],
    ['YES', true],
    ['On', true],
    ['t', true],
    ['y', true],
    ['false', false],
    ['0', false],
    ['no', false],
    ['OFF', false],
    ['f', false],
    ['N', false],
  ])('%s is %s', (text, value) => {
    expect(load({ SSO_ENABLED: text }).settings.ssoEnabled).toBe(value);
  });

  it.each([
    ['a.com, b.com,', ['a.com', 'b.com']],
    ['["a.com","b.com"]', ['a.com', 'b.com']],
    ['[]', []],
    ['  ', []],
  ])('the list %j', (text, items) => {
    expect(load({ SSO_TRUSTED_DOMAINS: text }).settings.ssoTrustedDomains).toEqual(items);
  });

  it.each([
    ['DB_MAX_RETRIES', '1_000', { dbMaxRetries: 1000 }],
    ['DB_MAX_RETRIES', ' +5 ', { dbMaxRetries: 5 }],
    ['DB_MAX_RETRIES', '0', { dbMaxRetries: 0 }],
    ['DB_POOL_RECYCLE', '-1', { dbPoolRecycle: -1 }],
    ['LOG_LEVEL', 'warning', { logLevel: 'WARNING' }],
    ['GATEWAY_TOOL_NAME_SEPARATOR', '--', { gatewayToolNameSeparator: '--' }],
    ['SSO_OKTA_ISSUER', 'https://okta', { ssoOktaIssuer: 'https://okta' }],
    ['ARGON2ID_MEMORY_COST', '8', { argon2idMemoryCost: 8 }],
  ])('%s=%s', (name, text, expected) => {
    expect(load({ [name]: text }).settings).toMatchObject(expected);
  });

  it.each([
    ['EMAIL_AUTH_ENABLED', 'maybe'],
    ['DB_MAX_RETRIES', '-1'],
    ['DB_MAX_RETRIES', '3.5'],
    ['DB_MAX_RETRIES', '3x'],
    ['DB_RETRY_INTERVAL_MS', '-1'],
    ['PASSWORD_MIN_LENGTH', '0'],
    ['ARGON2ID_TIME_COST', '0'],
    ['ARGON2ID_PARALLELISM', '0'],
    ['ARGON2ID_MEMORY_COST', '7'],
    ['ARGON2ID_MEMORY_COST', '4194305'],
    ['LOG_LEVEL', 'LOUD'],
    ['PASSWORD_HASH', 'md5'],
    ['GATEWAY_TOOL_NAME_SEPARATOR', '/'],
    ['SSO_TRUSTED_DOMAINS', '["a"'],
    ['SSO_TRUSTED_DOMAINS', '[1]'],
  ])('%s=%s is refused with the rule and what to do', (name, text) => {
    const error = errorOf(() => load({ [name]: text }));
    expect(error.code).toBe('SETTINGS');
    expect(error.details).toEqual([expect.stringMatching(new RegExp(`^${name}: it must be .+; .+`))]);
  });

  it('memory for Argon2 grows with its lanes', () => {
    expect(problemsOf(() => load({ ARGON2ID_MEMORY_COST: '31', ARGON2ID_PARALLELISM: '4' }))).toEqual([
      expect.stringMatching(/^ARGON2ID_MEMORY_COST: /),
    ]);
    expect(load({ ARGON2ID_MEMORY_COST: '32', ARGON2ID_PARALLELISM: '4' }).settings.argon2idParallelism).toBe(
      4,
    );
  });
});

describe('secrets from files', () => {
  const secret = (content: string | Buffer) => writeFileSync(join(cwd, 'secret'), content);

  it.each([
    ['Correct-horse-8\n', 'Correct-horse-8'],
    ['Correct-horse-8\r\n', 'Correct-horse-8'],
    [' Correct-horse-8 ', ' Correct-horse-8 '],
  ])('%j', (content, password) => {
    secret(content);
    const { settings, sources } = migrate({
      PLATFORM_ADMIN_PASSWORD: undefined,
      PLATFORM_ADMIN_PASSWORD_FILE: 'secret',
    });
    expect(settings.platformAdminPassword).toBe(password);
    const detail = join(cwd, 'secret');
    expect(sources.get('PLATFORM_ADMIN_PASSWORD')).toEqual({ value: '***', source: 'file', detail });
    expect(sources.get('PLATFORM_ADMIN_PASSWORD_FILE')).toMatchObject({
      value: 'secret',
      source: 'environment',
    });
  });

  it('DATABASE_URL from a file named in the environment, .env or by flag', () => {
    secret('mysql://ann:pa55word@db/mcp\n');
    writeFileSync(join(cwd, 'second'), 'sqlite:///second.db');
    expect(load({ DATABASE_URL_FILE: 'secret' }).target).toMatchObject({ password: 'pa55word' });
    const flags = { databaseUrlFile: 'second' };
    expect(load({ DATABASE_URL_FILE: 'secret' }, { flags }).target).toMatchObject({
      path: join(cwd, 'second.db'),
    });
    writeFileSync(join(cwd, '.env'), `DATABASE_URL_FILE=${join(cwd, 'secret')}`);
    expect(load().sources.get('DATABASE_URL')).toMatchObject({
      value: 'mysql://ann:***@db:3306/mcp',
      source: 'file',
    });
  });

  it('a variable and its file at the same level contradict each other; across levels the higher one wins', () => {
    secret('mysql://ann:pw@db/mcp');
    const both = { DATABASE_URL: 'sqlite:///x.db', DATABASE_URL_FILE: 'secret' };
    expect(problemsOf(() => load(both))).toEqual([
      expect.stringMatching(/^DATABASE_URL_FILE: DATABASE_URL is set as/),
    ]);
    const flags = { databaseUrl: 'sqlite:///x.db', databaseUrlFile: 'secret' };
    expect(problemsOf(() => load({}, { flags }))).toHaveLength(1);
    writeFileSync(join(cwd, '.env'), 'DATABASE_URL=sqlite:///x.db');
    expect(load({ DATABASE_URL_FILE: 'secret' }).target.dialect).toBe('mysql');
    expect(load(both, { flags: { databaseUrl: 'sqlite:///y.db' } }).target).toMatchObject({
      path: join(cwd, 'y.db'),
    });
  });

  it.each([
    ['none', 'it does not exist'],
    ['.', 'it is a folder'],
    ['empty', 'is empty'],
    ['latin', 'not UTF-8'],
  ])('%s cannot be read', (name, reason) => {
    writeFileSync(join(cwd, 'empty'), '\n');
    writeFileSync(join(cwd, 'latin'), Buffer.from('pass\xe9', 'latin1'));
    const env = { PLATFORM_ADMIN_PASSWORD: undefined, PLATFORM_ADMIN_PASSWORD_FILE: name };
    const error = errorOf(() => migrate(env));
    expect(error.code).toBe('SECRET_FILE');
    expect(error.details).toEqual([expect.stringMatching(/^PLATFORM_ADMIN_PASSWORD_FILE: /)]);
    expect(error.details[0]).toContain(reason);
  });
});

describe('credentials', () => {
  it('good ones are taken, the email in the form the gateway stores', () => {
    const { settings, warnings } = migrate({ PLATFORM_ADMIN_EMAIL: '  Ann@Corp.COM ' });
    expect(settings).toMatchObject({ platformAdminEmail: 'ann@corp.com', adminEmailIsDefault: false });
    expect(warnings).toEqual([]);
  });

  it('the defaults of the gateway are refused where the administrator may be created', () => {
    const defaults = { PLATFORM_ADMIN_EMAIL: undefined, PLATFORM_ADMIN_PASSWORD: undefined };
    const problems = problemsOf(() => migrate(defaults));
    expect(problems).toEqual([
      expect.stringMatching(/^PLATFORM_ADMIN_EMAIL: .*--allow-default-credentials/),
      expect.stringMatching(/^PLATFORM_ADMIN_PASSWORD: .*--allow-default-credentials/),
    ]);
    expect(problems.join()).not.toContain('changeme');
    for (const problem of problems) expect(problem).toContain(': it is not set, and');
    writeFileSync(join(cwd, '.env'), 'PLATFORM_ADMIN_PASSWORD=changeme\n');
    const set = { PLATFORM_ADMIN_EMAIL: 'admin@example.com', PLATFORM_ADMIN_PASSWORD: undefined };
    const told = problemsOf(() => migrate(set));
    expect(told[0]).toContain(": it is set to the gateway's default admin@example.com (the environment),");
    expect(told[1]).toContain(`: it is set to the gateway's default password (${join(cwd, '.env')}:1),`);
    expect(told.join()).not.toContain('changeme');
    rmSync(join(cwd, '.env'));
    expect(problemsOf(() => migrate({ PLATFORM_ADMIN_EMAIL: 'Admin@Example.com' }))).toHaveLength(1);
    expect(migrate(defaults, { allowDefaultCredentials: true }).settings.platformAdminPassword).toBe(
      'changeme',
    );
    expect(migrate({ ...defaults, EMAIL_AUTH_ENABLED: 'false' }).settings.emailAuthEnabled).toBe(false);
    expect(load(defaults).settings.adminEmailIsDefault).toBe(true);
  });

  it.each(['ann', 'ann@', '@corp.com', 'ann@corp', 'ann@corp.c', 'a nn@corp.com', 'ann@corp.com\nx', ''])(
    'the email %j is refused everywhere when it is set',
    (email) => {
      const rule = [expect.stringMatching(/^PLATFORM_ADMIN_EMAIL: it is not an email address; /)];
      expect(problemsOf(() => load({ PLATFORM_ADMIN_EMAIL: email }))).toEqual(rule);
      expect(problemsOf(() => migrate({ PLATFORM_ADMIN_EMAIL: email }))).toEqual(rule);
    },
  );

  it('an email must fit its column', () => {
    const email = (length: number) => `${'a'.repeat(length - 9)}@corp.com`;
    const env = (length: number) => ({ PLATFORM_ADMIN_EMAIL: email(length), PERSONAL_TEAM_PREFIX: '' });
    expect(load(env(254)).settings.platformAdminEmail).toHaveLength(254);
    expect(problemsOf(() => load(env(256)))[0]).toMatch(/^PLATFORM_ADMIN_EMAIL: it is longer than 255/);
    expect(problemsOf(() => load({ ...env(254), PERSONAL_TEAM_PREFIX: 'personal' }))).toEqual([
      expect.stringMatching(/^PERSONAL_TEAM_PREFIX: /),
    ]);
  });

  it('every broken rule of the password at once, and never the password', () => {
    const policy = {
      PASSWORD_MIN_LENGTH: '12',
      PASSWORD_REQUIRE_UPPERCASE: 'true',
      PASSWORD_REQUIRE_LOWERCASE: 'true',
      PASSWORD_REQUIRE_NUMBERS: 'true',
      PASSWORD_REQUIRE_SPECIAL: 'true',
    };
    const error = errorOf(() => migrate({ ...policy, PLATFORM_ADMIN_PASSWORD: 'é_~_é' }));
    expect(error.details.map((detail) => /PASSWORD_(?:MIN|REQUIRE)_\w+/.exec(`${detail}`)?.[0])).toEqual(
      Object.keys(policy),
    );
    expect(`${error.message} ${error.details.join()}`).not.toContain('é_~_é');
    expect(migrate({ ...policy, PLATFORM_ADMIN_PASSWORD: 'Correct-horse-7!' }).warnings).toEqual([]);
    expect(load({ ...policy, PLATFORM_ADMIN_PASSWORD: 'weak' }).settings.platformAdminPassword).toBe('weak');
  });

  it('characters are counted as Python counts them', () => {
    expect(problemsOf(() => migrate({ PLATFORM_ADMIN_PASSWORD: '🙂'.repeat(7) }))).toHaveLength(1);
    expect(migrate({ PLATFORM_ADMIN_PASSWORD: '🙂'.repeat(8) }).warnings).toEqual([]);
  });

  it.each([...'!@#$%^&*(),.?":{}|<>'])('%s is a special character', (special) => {
    const env = { PASSWORD_REQUIRE_SPECIAL: 'true', PLATFORM_ADMIN_PASSWORD: `abcdefgh${special}` };
    expect(migrate(env).settings.platformAdminPassword).toContain(special);
  });

  it('bcrypt takes 72 bytes, and comes with a warning', () => {
    const env = (password: string) => ({ PASSWORD_HASH: 'bcrypt', PLATFORM_ADMIN_PASSWORD: password });
    expect(migrate(env('é'.repeat(36))).warnings).toEqual([
      expect.stringMatching(/^PASSWORD_HASH: .*cannot log in/),
    ]);
    expect(problemsOf(() => migrate(env('é'.repeat(37))))).toEqual([expect.stringContaining('72 bytes')]);
    expect(migrate({ PLATFORM_ADMIN_PASSWORD: 'é'.repeat(37) }).warnings).toEqual([]);
    expect(problemsOf(() => migrate({ PLATFORM_ADMIN_PASSWORD: 'abcdefgh\0' }))).toEqual([
      expect.stringContaining('NUL'),
    ]);
  });

  it('the full name leaves room for the name of the team', () => {
    const named = (name: string) => () => migrate({ PLATFORM_ADMIN_FULL_NAME: name });
    expect(named('é'.repeat(248))().settings.platformAdminFullName).toHaveLength(248);
    expect(problemsOf(named('é'.repeat(249)))).toEqual([
      expect.stringMatching(/^PLATFORM_ADMIN_FULL_NAME: .*248/),
    ]);
    expect(problemsOf(named('Ann\nLee'))).toEqual([expect.stringContaining('control character')]);
  });
});

describe('problems', () => {
  it('come all at once, each with its variable, and without secrets', () => {
    writeFileSync(join(cwd, '.env'), 'LOG_LEVEL=LOUD\nPASSWORD_MIN_LENGTH=x');
    const env = {
      DATABASE_URL: 'postgresql://ann:hunter22@db:x/mcp',
      PLATFORM_ADMIN_EMAIL: 'nobody',
      PLATFORM_ADMIN_PASSWORD: 'hunter3',
      PLATFORM_ADMIN_FULL_NAME: 'x'.repeat(300),
      DB_MAX_RETRIES: 'many',
    };
    const error = errorOf(() => migrate(env));
    expect(error.code).toBe('SETTINGS');
    expect(error.exitCode).toBe(2);
    expect(error.details.map((detail) => `${detail}`.split(':')[0]).sort()).toEqual([
      'DATABASE_URL',
      'DB_MAX_RETRIES',
      'LOG_LEVEL',
      'PASSWORD_MIN_LENGTH',
      'PLATFORM_ADMIN_EMAIL',
      'PLATFORM_ADMIN_FULL_NAME',
      'PLATFORM_ADMIN_PASSWORD',
    ]);
    expect(error.details.every((detail) => /^[A-Z_0-9]+: .+; .+/.test(`${detail}`))).toBe(true);
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toMatch(/hunter/);
  });

  it('a single one keeps its own code', () => {
    expect(errorOf(() => load({ DATABASE_URL: 'http://db' })).code).toBe('URL');
    expect(errorOf(() => load({ DATABASE_URL_FILE: 'none' })).code).toBe('SECRET_FILE');
  });

  it('warnings of the URL are passed on', () => {
    expect(load({ DATABASE_URL: 'sqlite:///x.db?wat=1' }).warnings).toEqual([
      expect.stringMatching(/^DATABASE_URL: .*wat/),
    ]);
  });
});

it('what is shown of the sources holds no secret', () => {
  const secrets = VARIABLES.filter(({ secret, name }) => secret && name !== 'DATABASE_URL');
  const env = Object.fromEntries(secrets.map(({ name }) => [name, `tOp-s3cret-${name}`]));
  const { sources } = load({ ...env, DATABASE_URL: 'mysql://ann:tOp-s3cret@db/mcp' });
  expect([...sources.keys()]).toEqual(VARIABLES.map(({ name }) => name));
  expect(JSON.stringify([...sources])).not.toContain('tOp-s3cret');
  expect(secrets.map(({ name }) => sources.get(name)?.value)).toEqual(secrets.map(() => '***'));
});

describe('a URL that did not come from DATABASE_URL', () => {
  const file = (text: string) => {
    const path = join(cwd, 'url');
    writeFileSync(path, text);
    return path;
  };

  it('is known by where it came from', () => {
    const url = 'sqlite:///./mcp.db';
    expect(load({ DATABASE_URL: url }).target.givenBy).toBeUndefined();
    expect(load({}, { flags: { databaseUrl: url } }).target.givenBy).toBe('--database-url');
    const path = file(url);
    expect(load({}, { flags: { databaseUrlFile: path } }).target.givenBy).toBe(path);
    expect(load({ DATABASE_URL_FILE: path }).target.givenBy).toBe(path);
  });

  it('is not called so in problems and warnings', () => {
    const bad = 'oracle://db/x';
    expect(problemsOf(() => load({}, { flags: { databaseUrl: bad } }))).toEqual([
      expect.stringMatching(/^--database-url: the scheme oracle:\/\/ is not known/),
    ]);
    const path = file(bad);
    expect(problemsOf(() => load({ DATABASE_URL_FILE: path }))[0]?.startsWith(`${path}: the scheme`)).toBe(
      true,
    );
    const { warnings } = load({}, { flags: { databaseUrl: 'mysql://u:p@db/x?colour=red' } });
    expect(warnings).toEqual(['--database-url: parameter colour is not known here and is ignored']);
    writeFileSync(join(cwd, '.env'), 'neither\n');
    const { details } = errorOf(() => load({}, { flags: { databaseUrl: bad } }));
    expect(details.at(-1)).toMatch(/^--database-url: the scheme/);
  });
});

describe('an empty variable beside the file of its secret', () => {
  it('counts as not set', () => {
    const url = join(cwd, 'url');
    writeFileSync(url, 'sqlite:///./from-file.db\n');
    const password = join(cwd, 'password');
    writeFileSync(password, 'Correct-horse-7\n');
    const env = {
      PLATFORM_ADMIN_PASSWORD: '',
      PLATFORM_ADMIN_PASSWORD_FILE: password,
      DATABASE_URL: '',
      DATABASE_URL_FILE: url,
    };
    const { settings, target } = migrate(env);
    expect(settings.platformAdminPassword).toBe('Correct-horse-7');
    expect(target).toMatchObject({ path: join(cwd, 'from-file.db') });
  });

  it('in the environment does not hide a file that .env names', () => {
    const password = join(cwd, 'password');
    writeFileSync(password, 'Correct-horse-7\n');
    writeFileSync(join(cwd, '.env'), `PLATFORM_ADMIN_PASSWORD_FILE=${password}\n`);
    expect(migrate({ PLATFORM_ADMIN_PASSWORD: '' }).settings.platformAdminPassword).toBe('Correct-horse-7');
  });
});

describe('the secret of stored credentials', () => {
  const secretOf = (env: Record<string, string>) => {
    const { settings, sources } = load(env);
    return [settings.authEncryptionSecret, sources.get('AUTH_ENCRYPTION_SECRET')?.source];
  };

  it('tells what was set from what was not, and empty from both', () => {
    expect(secretOf({})).toEqual(['my-test-salt', 'default']);
    expect(secretOf({ AUTH_ENCRYPTION_SECRET: '' })).toEqual(['', 'environment']);
    expect(secretOf({ AUTH_ENCRYPTION_SECRET: 'my-test-salt' })).toEqual(['my-test-salt', 'environment']);
  });

  it('counts as empty where it refers to nothing, which is no problem of commands that do without it', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the file
    writeFileSync(join(cwd, '.env'), 'AUTH_ENCRYPTION_SECRET=vault-${NOWHERE}\n');
    expect(secretOf({})).toEqual(['', '.env']);
  });

  it('is masked, but for the one that everybody knows', () => {
    const { settings, target } = load({ AUTH_ENCRYPTION_SECRET: 'planted-secret-1' });
    expect(secretsOf({ settings, target })).toContain('planted-secret-1');
    expect(secretsOf(load())).not.toContain('my-test-salt');
  });
});
