import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { BUILT_PROGRAM } from '../../scripts/build.ts';
import { fileFingerprint } from '../support/fingerprint.ts';
import { reportIn, reportOf } from '../support/report-of.ts';
import { type CliOptions, spawnCli, testEnvironment } from '../support/spawn-cli.ts';
import { type SqliteFile, sqliteFile } from '../support/sqlite-file.ts';
import { parseXml } from '../support/xml.ts';

const ESC = '\u001b[';

function run({ url }: SqliteFile, args: string[], env: CliOptions['env'] = {}) {
  return spawnCli(args, { env: { DATABASE_URL: url, ...env } });
}

/** A migrated database in which `verify` finds one thing. */
async function withFinding(): Promise<SqliteFile> {
  const file = await sqliteFile('v0.7.0');
  const db = new SQLite(file.name);
  db.exec("UPDATE tools SET visibility = 'a<b&\"c' WHERE rowid = 1");
  db.close();
  return file;
}

describe('text', () => {
  it('has the result on stdout, and what goes on on stderr', async () => {
    const file = await sqliteFile('v0.6.0');
    const { stdout, stderr, exitCode } = await run(file, ['migrate']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^mcpgw migrate · SQLite [\s\S]* release 0\.7\.0 \(e182847d89e6\)\n/);
    expect(stdout).toMatch(/✔ Owner, team and visibility on every resource +113 rows/);
    expect(stdout).toContain('Next: mcpgw verify');
    expect(stderr).toContain('Gives 113 rows an owner');
    expect(stdout).not.toContain('Gives 113 rows an owner');
    expect(stdout + stderr).not.toContain('\u001b');
    const again = await run(file, ['migrate']);
    expect(again.stdout).toContain('Nothing to do: everything was in place already.');
    expect(again.stderr).toBe('');
  });

  it('has errors on stderr, and nothing on stdout', async () => {
    const file = await sqliteFile('v0.6.0');
    const { stdout, stderr, exitCode } = await run(file, ['fix', '--yes']);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('✖ The database is v0.6.0; fix repairs databases at v0.7.0. (STATE)');
    expect(stderr).toContain('Next: mcpgw migrate');
  });

  it('says once that nothing was changed', async () => {
    const { stderr } = await spawnCli(['migrate'], {
      env: { DATABASE_URL: 'sqlite:////no/such/folder/x.db' },
    });
    expect(stderr.match(/Nothing was changed/g)).toHaveLength(1);
    const state = await run(await sqliteFile('v0.7.0'), ['migrate', '--output', '/no/such/folder/report']);
    expect(state.stderr.match(/Nothing was changed/g)).toHaveLength(1);
  });

  it('--quiet leaves findings, warnings and errors', async () => {
    const clean = await sqliteFile('v0.7.0');
    expect(await run(clean, ['verify', '-q'])).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(await run(clean, ['migrate', '-q'])).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    const found = await run(await withFinding(), ['verify', '-q']);
    expect(found).toMatchObject({ exitCode: 1, stderr: '' });
    expect(found.stdout).toContain('ownership.visibility');
    expect(found.stdout).not.toContain('schema.tables');
    const migrated = await run(await sqliteFile('v0.6.0'), ['migrate', '-q']);
    expect(migrated.stdout).toContain('API tokens');
    expect(migrated.stdout).not.toContain('Rows per table');
    expect(migrated.stderr).toBe('');
    const failed = await run(clean, ['verify', '-q', '--only', 'nonsense']);
    expect(failed).toMatchObject({ exitCode: 2, stdout: '' });
    expect(failed.stderr).toContain('There is no check “nonsense”.');
  });

  it('--verbose shows every finding', async () => {
    const file = await sqliteFile('v0.6.0');
    const short = await run(file, ['verify', '--only', 'schema.columns']);
    const long = await run(file, ['verify', '--only', 'schema.columns', '--verbose']);
    expect(short.stdout).toContain('… and');
    expect(short.stdout).not.toContain('tools.display_name');
    expect(long.stdout.length).toBeGreaterThan(short.stdout.length);
  });

  it('has colours only where they are wanted', async () => {
    const file = await sqliteFile('v0.7.0');
    const none = { NO_COLOR: undefined };
    expect((await run(file, ['status'], none)).stdout).not.toContain(ESC);
    expect((await run(file, ['status'], { ...none, FORCE_COLOR: '1' })).stdout).toContain(ESC);
    expect((await run(file, ['status'], { NO_COLOR: '1', FORCE_COLOR: '1' })).stdout).not.toContain(ESC);
    expect((await run(file, ['status', '--no-color'], { ...none, FORCE_COLOR: '1' })).stdout).not.toContain(
      ESC,
    );
    expect(
      (await run(file, ['status', '--format', 'json'], { ...none, FORCE_COLOR: '1' })).stdout,
    ).not.toContain(ESC);
  });

  it('keeps to ASCII where the locale does', async () => {
    const { stdout } = await run(await sqliteFile('v0.7.0'), ['status'], { LANG: 'C' });
    expect(stdout).toContain('Nothing to do');
    expect(stdout).not.toMatch(/[✔•]/);
  });
});

describe('machine formats', () => {
  it('junit is XML with a case for every check', async () => {
    const clean = await run(await sqliteFile('v0.7.0'), ['verify', '--format', 'junit']);
    const suites = parseXml(clean.stdout);
    expect(suites.name).toBe('testsuites');
    expect(suites.attributes).toMatchObject({ failures: '0', errors: '0' });
    const found = parseXml((await run(await withFinding(), ['verify', '--format', 'junit'])).stdout);
    expect(found.attributes).toMatchObject({ failures: '1', errors: '0' });
    const cases = found.children[0]?.children.filter(({ name }) => name === 'testcase') ?? [];
    expect(String(cases.length)).toBe(found.attributes.tests);
    const failed = cases.filter(({ children }) => children.some(({ name }) => name === 'failure'));
    expect(failed.map(({ attributes }) => attributes.name)).toEqual([
      expect.stringContaining('ownership.visibility'),
    ]);
    const refused = await spawnCli(['verify', '--format', 'junit'], { env: { DATABASE_URL: 'foo://x' } });
    expect(refused).toMatchObject({ exitCode: 2, stderr: '' });
    expect(parseXml(refused.stdout).attributes).toMatchObject({ errors: '1' });
  });

  it('markdown has a table of the checks', async () => {
    const { stdout, exitCode } = await run(await withFinding(), ['verify', '--format', 'markdown']);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^### .* mcpgw verify/);
    expect(stdout).toMatch(/ownership\.visibility/);
    // A value out of the database is shown as code: it must not become markup.
    expect(stdout).toMatch(/^- `tools .*visibility “a<b&"c”`$/m);
  });

  it('json is alone on stdout on failure too', async () => {
    const usage = await spawnCli(['migrate', '--format', 'json', '--frobnicate']);
    expect(reportOf(usage)).toMatchObject({ command: 'migrate', error: { code: 'USAGE' } });
    expect(usage.stderr).toBe('');
    const command = await spawnCli(['--format=json', 'frobnicate']);
    expect(reportOf(command)).toMatchObject({ error: { code: 'USAGE' }, next: 'mcpgw --help' });
    const debug = await run(await sqliteFile('v0.7.0'), ['verify', '--format', 'json', '--debug']);
    expect(reportOf(debug).status).toBe('ok');
    expect(debug.stderr).toMatch(/^\[sql\] /m);
  });
});

describe('--output', () => {
  it('writes the file for its owner only, and nothing to stdout', async () => {
    const file = await sqliteFile('v0.6.0');
    const target = join(file.folder, 'report.json');
    const { stdout, exitCode } = await run(file, ['migrate', '--format', 'json', '--output', target]);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 });
    expect(reportIn(readFileSync(target, 'utf8'))).toMatchObject({ command: 'migrate', status: 'ok' });
    expect((statSync(target).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(file.folder).toSorted()).toEqual(['mcp.db', 'mcpgw-backups', 'report.json']);
    await run(file, ['verify', '--format', 'json', '-o', target]);
    expect(reportIn(readFileSync(target, 'utf8')).command).toBe('verify');
  });

  it('gets the report of a failure, and people still see it', async () => {
    const file = await sqliteFile('v0.6.0');
    const target = join(file.folder, 'report.txt');
    const { stdout, stderr, exitCode } = await run(file, ['fix', '--yes', '-o', target]);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toContain('(STATE)');
    expect(readFileSync(target, 'utf8')).toContain('(STATE)');
  });

  it('that cannot be written stops the command before it does anything', async () => {
    const file = await sqliteFile('v0.6.0');
    const before = fileFingerprint(file.name);
    const target = join(file.folder, 'missing/report.json');
    const result = await run(file, ['migrate', '--format', 'json', '--output', target]);
    expect(reportOf(result).error).toMatchObject({ code: 'OUTPUT' });
    expect(reportOf(result).error?.message).toMatch(
      /cannot be written to .*missing\/report\.json: ENOENT: [^']*\.$/,
    );
    mkdirSync(join(file.folder, 'folder'));
    const folder = await run(file, ['migrate', '--format', 'json', '--output', join(file.folder, 'folder')]);
    expect(reportOf(folder).error).toMatchObject({ code: 'OUTPUT' });
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(file.folder).toSorted()).toEqual(['folder', 'mcp.db']);
    expect({ ...(fileFingerprint(file.name) as object), beside: 0 }).toEqual({
      ...(before as object),
      beside: 0,
    });
  });
});

describe('a reader that goes away', () => {
  it('is no crash', async () => {
    const file = await sqliteFile('v0.6.0');
    const child = spawn(process.execPath, [BUILT_PROGRAM, 'migrate', '--dry-run', '--verbose'], {
      env: { ...testEnvironment(), DATABASE_URL: file.url },
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdout.destroy();
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});
