import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import { cliReport, reportHere } from '../support/cli-report.ts';
import { fileFingerprint } from '../support/fingerprint.ts';
import type { CliOptions } from '../support/spawn-cli.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { sqliteFile } from '../support/sqlite-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface Refusal {
  readonly code: ErrorCode;
  /** In message and details. */
  readonly says: readonly (string | RegExp)[];
  /** What to do next. */
  readonly hint: string | RegExp;
  readonly next?: string;
  readonly exitCode?: number;
}

/** Runs a command and holds its refusal against what people need to know. */
async function expectRefusal(
  url: string,
  args: readonly string[],
  refusal: Refusal,
  options: CliOptions = {},
): Promise<void> {
  const { report } = await (options.input === undefined ? reportHere : cliReport)(url, args, options);
  const { code, message = '', details = [], hint = '' } = report.error ?? {};
  const text = [message, ...details].join('\n');
  expect({ code, exitCode: report.exitCode }, text).toEqual({
    code: refusal.code,
    exitCode: refusal.exitCode ?? 2,
  });
  for (const part of refusal.says) expect(text).toMatch(part);
  expect(hint).toMatch(refusal.hint);
  if (refusal.next !== undefined) expect(report.next).toBe(refusal.next);
}

const WRITING = ['migrate'] as const;
const EVERY = ['migrate', 'status', 'verify', 'fix'] as const;

describe('DATABASE_URL', () => {
  const urls: Record<string, string | RegExp> = {
    'mcp.db': /no scheme/,
    'oracle://u:p@host/db': /scheme oracle:\/\/ is not known/,
    'postgresql://u:p@host:99999/db': /port/,
    'postgresql://u:p@[::1/db': /IPv6/,
    'mysql://u:p@host/': /database/,
    'sqlite://': /in-memory/,
    'sqlite://relative.db': /three slashes/,
  };
  for (const [url, says] of Object.entries(urls)) {
    it(`${url} is refused`, async () => {
      await expectRefusal(url, WRITING, {
        code: 'URL',
        says: ['DATABASE_URL', says],
        hint: /correct/,
        next: '',
      });
    });
  }

  it('an unreachable server is named, after the tries that were asked for', async () => {
    for (const scheme of ['postgresql', 'mysql']) {
      const url = `${scheme}://u:p@127.0.0.1:1/db`;
      const env = { DB_MAX_RETRIES: '2', DB_RETRY_INTERVAL_MS: '1' };
      const { report, stderr } = await cliReport(url, ['verify'], { env });
      expect(report).toMatchObject({ exitCode: 2, next: '', error: { code: 'UNREACHABLE' } });
      expect(report.error?.message).toMatch(/does not answer \(ECONNREFUSED\)/);
      expect(report.error?.hint).toContain('--wait 60');
      expect(report.database?.url).toBe(`${scheme}://u:***@127.0.0.1:1/db`);
      expect(stderr.match(/Trying again/g)).toHaveLength(2);
    }
  });
});

describe('settings', () => {
  it('are all named at once, and nothing is opened', async () => {
    const file = await sqliteFile('v0.6.0');
    const before = fileFingerprint(file.name);
    await expectRefusal(
      file.url,
      WRITING,
      {
        code: 'SETTINGS',
        says: [
          /^5 settings are not usable; nothing was changed/,
          /PLATFORM_ADMIN_EMAIL: .*not an email address/,
          /PLATFORM_ADMIN_PASSWORD: .*fewer than 8 characters/,
          /PLATFORM_ADMIN_PASSWORD: .*digit/,
          /PLATFORM_ADMIN_FULL_NAME: .*longer than/,
          /DB_POOL_SIZE: /,
        ],
        hint: '.env.example',
        next: '',
      },
      {
        env: {
          PLATFORM_ADMIN_EMAIL: 'nobody@',
          PLATFORM_ADMIN_PASSWORD: 'short',
          PASSWORD_REQUIRE_NUMBERS: 'true',
          PLATFORM_ADMIN_FULL_NAME: 'x'.repeat(300),
          DB_POOL_SIZE: 'many',
        },
      },
    );
    expect(fileFingerprint(file.name)).toEqual(before);
  });

  it('refuses the credentials of the gateway, unless told', async () => {
    const file = await sqliteFile('v0.6.0');
    const before = fileFingerprint(file.name);
    const env = { PLATFORM_ADMIN_EMAIL: undefined, PLATFORM_ADMIN_PASSWORD: undefined };
    await expectRefusal(
      file.url,
      WRITING,
      {
        code: 'SETTINGS',
        says: [
          /PLATFORM_ADMIN_EMAIL: .*admin@example\.com is refused.*--allow-default-credentials/,
          /PLATFORM_ADMIN_PASSWORD: .*default\s+password is refused.*--allow-default-credentials/,
        ],
        hint: /correct/,
      },
      { env },
    );
    expect(fileFingerprint(file.name)).toEqual(before);
    const allowed = await cliReport(file.url, ['migrate', '--allow-default-credentials'], { env });
    expect(allowed.report).toMatchObject({ exitCode: 0, status: 'ok' });
    const verified = await cliReport(file.url, ['verify', '--only', 'admin'], { env });
    const failed = verified.report.checks.filter(({ status }) => status === 'failed');
    expect(failed.map(({ id }) => id)).toEqual(['admin.password-default']);
  });

  it('names the lines of a .env that cannot be parsed, and not what they hold', async () => {
    const file = await sqliteFile('v0.6.0');
    writeFileSync(join(file.folder, '.env'), 'OK=1\nhush hush\nPLATFORM_ADMIN_PASSWORD="hush\n');
    const before = fileFingerprint(file.name);
    const { report, stdout, stderr } = await cliReport(file.url, ['migrate', '--debug'], {
      cwd: file.folder,
    });
    expect(report).toMatchObject({ exitCode: 2, error: { code: 'ENV_FILE' } });
    expect(report.error?.message).toContain(join(file.folder, '.env'));
    expect(report.error?.details.map((line) => line.slice(0, 6))).toEqual(['line 2', 'line 3']);
    expect(stdout + stderr).not.toContain('hush');
    expect(fileFingerprint(file.name)).toEqual(before);
  });

  it('reads another file with --env-file', async () => {
    const file = await sqliteFile('v0.6.0');
    writeFileSync(join(file.folder, 'settings'), "PLATFORM_ADMIN_FULL_NAME='From a File'\n");
    const env = { DATABASE_URL: file.url, PLATFORM_ADMIN_FULL_NAME: undefined };
    const settings = join(file.folder, 'settings');
    const { report } = await cliReport(file.url, ['config', '--env-file', settings], { env });
    const row = report.sections[0]?.rows.find(([name]) => name === 'PLATFORM_ADMIN_FULL_NAME');
    expect(row?.slice(1)).toEqual(['From a File', `.env (${settings}:1)`]);
    // Node itself refuses a missing one before the program starts (nodejs/node#54232).
    const missing = await spawnCli(['migrate', '--env-file', join(file.folder, 'none')], { env });
    expect(missing.exitCode).not.toBe(0);
    expect(missing.stderr).toMatch(/none.*(not found|cannot be read)/);
    expect(readdirSync(file.folder).toSorted()).toEqual(['mcp.db', 'settings']);
  });
});

describe('the command line', () => {
  const lines: readonly (readonly [args: readonly string[], says: string | RegExp, next: string])[] = [
    [['migrate', '--frobnicate'], "Unknown option '--frobnicate'", 'mcpgw migrate --help'],
    [['bootstrap-db', '--yes', 'x'], /too many arguments/i, 'mcpgw bootstrap-db --help'],
    [['frobnicate'], "Unknown command 'frobnicate'", 'mcpgw --help'],
    [['verify', '--only', 'nonsense,schema'], 'There is no check “nonsense”', 'mcpgw verify --list'],
    [['fix', '--skip', 'nonsense'], 'There is no check “nonsense”', 'mcpgw verify --list'],
    [['fix', '--visibility', 'all'], /private, team, public/, 'mcpgw fix --help'],
    [['migrate', '--lock-timeout', 'soon'], 'number of seconds', 'mcpgw migrate --help'],
    [['verify', '--wait', '-1'], 'number of seconds', 'mcpgw verify --help'],
  ];
  for (const [args, says, next] of lines) {
    it(`mcpgw ${args.join(' ')} is refused`, async () => {
      const file = await sqliteFile('v0.7.0');
      const before = fileFingerprint(file.name);
      await expectRefusal(file.url, args, { code: 'USAGE', says: [says], hint: next, next });
      expect(fileFingerprint(file.name)).toEqual(before);
    });
  }

  it('names a format that does not exist', async () => {
    const { exitCode, stdout, stderr } = await spawnCli(['--format', 'xml', 'verify']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/text, json, junit,\s+markdown/);
    expect(stderr).toContain('Next: mcpgw verify --help');
  });
});

describe('the state of the database', () => {
  const states: Record<string, { sql: string; says: string | RegExp; hint: RegExp; next?: string }> = {
    'older than v0.6.0': {
      sql: "UPDATE alembic_version SET version_num = 'e75490e949b1'",
      says: /e75490e949b1 \(v0\.5\.0\), older than v0\.6\.0/,
      hint: /Upgrade the gateway to v0\.6\.0 first/,
    },
    'newer or unknown': {
      sql: "UPDATE alembic_version SET version_num = '0123456789ab'",
      says: /0123456789ab, which is newer than v0\.7\.0 or not the gateway’s/,
      hint: /mcpgw of that release/,
    },
    'at two revisions': {
      sql: "INSERT INTO alembic_version VALUES ('733159a4fa74')",
      says: /2 rows \(1fc1795f6983, 733159a4fa74\)/,
      hint: /Merge them/,
    },
    'without a revision': {
      sql: 'DELETE FROM alembic_version',
      says: /no revision is recorded/,
      hint: /--adopt/,
      next: 'mcpgw migrate --adopt',
    },
    'without a version table and not like v0.6.0': {
      sql: 'DROP TABLE alembic_version; DROP TABLE prompts',
      says: /not those of v0\.6\.0[\s\S]*prompts: the table is missing/,
      hint: /DATABASE_URL points at/,
    },
    'at a revision whose tables are missing': {
      sql: 'DROP TABLE tools',
      says: /1fc1795f6983, but these tables of the gateway are missing: tools/,
      hint: /DATABASE_URL points at/,
      next: 'mcpgw backup --list',
    },
    'without any table of the gateway': {
      sql: `CREATE TABLE people (id INTEGER); ${['servers', 'tools', 'resources', 'prompts', 'gateways', 'a2a_agents', 'alembic_version'].map((name) => `DROP TABLE ${name}`).join(';')}`,
      says: /tables that are not the gateway’s/,
      hint: /gateway’s database, or at an empty one/,
    },
  };
  for (const [name, { sql, says, hint, next = '' }] of Object.entries(states)) {
    it(`${name} is refused by name`, async () => {
      const file = await sqliteFile('v0.6.0');
      const db = new SQLite(file.name);
      db.pragma('foreign_keys = OFF');
      db.exec(sql);
      db.close();
      const before = fileFingerprint(file.name);
      for (const args of [['migrate'], ['migrate', '--dry-run'], ['status'], ['fix', '--yes']]) {
        await expectRefusal(file.url, args, { code: 'STATE', says: [says], hint, next });
      }
      const verified = await cliReport(file.url, ['verify']);
      expect(verified.report).toMatchObject({
        exitCode: 1,
        status: 'findings',
        next: next.startsWith('mcpgw migrate') ? 'mcpgw migrate' : '',
      });
      const release = verified.report.checks.find(({ id }) => id === 'release.revision');
      expect(release?.status).toBe('failed');
      expect(fileFingerprint(file.name)).toEqual(before);
    });
  }
});

describe('a SQLite file', () => {
  const damages: Record<string, { damage: (name: string) => void; code: ErrorCode; says: string | RegExp }> =
    {
      'of no bytes': {
        damage: (name) => truncateSync(name),
        code: 'NOT_A_DATABASE',
        says: /is empty \(0 bytes\)/,
      },
      'of random bytes, as an encrypted one looks': {
        damage: (name) => writeFileSync(name, randomBytes(50_000)),
        code: 'NOT_A_DATABASE',
        says: /not a SQLite database, or it is encrypted/,
      },
      'of text': {
        damage: (name) => writeFileSync(name, 'DATABASE_URL=…\n'.repeat(100)),
        code: 'NOT_A_DATABASE',
        says: /not a SQLite database/,
      },
      'with a damaged header': {
        damage: (name) => overwrite(name, 0, 20),
        code: 'NOT_A_DATABASE',
        says: /not a SQLite database/,
      },
      'with a damaged schema': {
        damage: (name) => overwrite(name, 100, 300),
        code: 'CORRUPT',
        says: /is damaged/,
      },
      'that is cut off': {
        damage: (name) => truncateSync(name, 8 * 4096),
        code: 'CORRUPT',
        says: /is damaged/,
      },
    };
  for (const [name, { damage, code, says }] of Object.entries(damages)) {
    it(`${name} is refused`, async () => {
      const file = await sqliteFile('v0.6.0');
      damage(file.name);
      const before = fileFingerprint(file.name);
      for (const command of EVERY) {
        // Of a file without a byte there is nothing to find out.
        const looked = name === 'of no bytes' ? '' : 'mcpgw doctor';
        const next = code === 'CORRUPT' ? 'mcpgw doctor --repair' : looked;
        await expectRefusal(file.url, [command], { code, says: [file.name, says], hint: /\w/, next });
        expect(fileFingerprint(file.name)).toEqual(before);
      }
    });
  }

  it('with a damaged page of a table that a run does not read is refused', async () => {
    const file = await sqliteFile('v0.6.0');
    const db = new SQLite(file.name);
    const page = db
      .prepare<[], { rootpage: number }>("SELECT rootpage FROM sqlite_schema WHERE name = 'mcp_sessions'")
      .get();
    db.close();
    overwrite(file.name, ((page?.rootpage ?? 0) - 1) * 4096, 4096);
    const before = fileFingerprint(file.name);
    await expectRefusal(file.url, ['migrate'], {
      code: 'CORRUPT',
      says: [file.name, /is damaged/],
      hint: /Restore a backup/,
    });
    expect(fileFingerprint(file.name)).toEqual(before);
  });

  it('that is a folder, or is in none, or is missing is refused', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'mcp.db'));
    const url = (name: string) => `sqlite:///${join(folder, name)}`;
    for (const command of EVERY) {
      await expectRefusal(url('mcp.db'), [command], {
        code: 'NOT_A_DATABASE',
        says: [/is a folder/],
        hint: /DATABASE_URL/,
      });
      const isMade = command === 'migrate';
      await expectRefusal(url('none/mcp.db'), [command], {
        code: 'NO_DATABASE',
        says: [isMade ? /The folder .*none does not exist/ : /There is no file .*none\/mcp\.db/],
        hint: /DATABASE_URL/,
        next: '',
      });
      if (isMade) continue;
      await expectRefusal(url('new.db'), [command], {
        code: 'NO_DATABASE',
        says: [/There is no file .*new\.db/],
        hint: /mcpgw migrate/,
        next: '',
      });
    }
    await expectRefusal(url('new.db'), ['migrate', '--dry-run'], {
      code: 'NO_DATABASE',
      says: [/There is no file/],
      hint: /DATABASE_URL/,
    });
    expect(readdirSync(folder)).toEqual(['mcp.db']);
  });

  it('that a writer holds is waited for, then refused', async () => {
    const file = await sqliteFile('v0.6.0');
    // Reading the file here while it is locked would take this process's locks from it.
    const before = fileFingerprint(file.name);
    const writer = new SQLite(file.name);
    try {
      writer.exec('BEGIN IMMEDIATE');
      const started = performance.now();
      const { report, stderr } = await cliReport(file.url, ['migrate', '--lock-timeout', '1']);
      expect(performance.now() - started).toBeGreaterThan(1000);
      expect(report).toMatchObject({ exitCode: 2, error: { code: 'BUSY' } });
      expect(report.error?.message).toMatch(/locked by .* after 1 s/);
      expect(report.error?.hint).toMatch(/Stop /);
      expect(stderr).toMatch(/Waiting for /);
    } finally {
      writer.close();
    }
    expect(fileFingerprint(file.name)).toEqual(before);
    expect((await cliReport(file.url, ['migrate', '--lock-timeout', '1'])).exitCode).toBe(0);
  });

  it('that a reader holds exclusively is refused', async () => {
    const file = await sqliteFile('v0.6.0');
    const writer = new SQLite(file.name);
    try {
      writer.exec('BEGIN EXCLUSIVE');
      for (const command of [['status'], ['verify'], ['migrate', '--lock-timeout', '1']]) {
        await expectRefusal(`${file.url}?timeout=0.2`, command, {
          code: 'BUSY',
          says: [/locked by /],
          hint: /Stop /,
        });
      }
    } finally {
      writer.close();
    }
  });
});

describe('fix where nobody can be asked', () => {
  it('refuses without --yes, and changes nothing', async () => {
    const file = await sqliteFile('v0.7.0');
    const db = new SQLite(file.name);
    db.exec("DELETE FROM roles WHERE name = 'viewer'");
    db.close();
    const before = fileFingerprint(file.name);
    await expectRefusal(
      file.url,
      ['fix'],
      { code: 'CONFIRMATION', says: ['no terminal'], hint: /--yes/ },
      { input: 'y\n' },
    );
    expect(fileFingerprint(file.name)).toEqual(before);
  });

  it('refuses a database that is not at v0.7.0', async () => {
    const file = await sqliteFile('v0.6.0');
    await expectRefusal(file.url, ['fix', '--yes'], {
      code: 'STATE',
      says: ['The database is v0.6.0'],
      hint: 'mcpgw migrate',
      next: 'mcpgw migrate',
    });
  });

  it('names a team, an owner that does not exist', async () => {
    const file = await sqliteFile('v0.7.0');
    const before = fileFingerprint(file.name);
    const { report } = await cliReport(file.url, [
      'fix',
      '--yes',
      '--team',
      'none',
      '--owner',
      'no@body.org',
    ]);
    expect(report.exitCode).toBe(2);
    expect([report.error?.message, ...(report.error?.details ?? [])].join('\n')).toMatch(
      /none[\s\S]*no@body\.org/,
    );
    expect(fileFingerprint(file.name)).toEqual(before);
  });
});

function overwrite(name: string, at: number, length: number): void {
  const handle = openSync(name, 'r+');
  writeSync(handle, randomBytes(length), 0, length, at);
  closeSync(handle);
}
