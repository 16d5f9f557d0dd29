import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILT_PROGRAM } from '../../../scripts/build.ts';
import type { DoctorContext } from '../../../src/doctor/context.ts';
import { clock, memory } from '../../../src/doctor/machine/checks.ts';
import { readLimits } from '../../../src/doctor/machine/process-limits.ts';
import { compareVersions } from '../../../src/doctor/machine/sqlite-versions.ts';
import { NATIVE_MODULES } from '../../../src/native-modules.ts';
import type { Report } from '../../../src/report/report.ts';
import { askDoctor } from '../../support/doctor.ts';
import { reportIn, reportOf } from '../../support/report-of.ts';
import { smallDisk } from '../../support/small-disk.ts';
import { spawnCli, testEnvironment } from '../../support/spawn-cli.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { testSettings } from '../../support/test-settings.ts';

const NODE_MODULES = join(dirname(BUILT_PROGRAM), '../node_modules');

/** A folder with one program in it that says this. */
function saying(program: string, ...lines: string[]): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, program), `#!/bin/sh\n${lines.join('\n')}\n`);
  chmodSync(join(folder, program), 0o755);
  return folder;
}

/** What a shell command prints, whatever it ends with. */
function shell(command: string, env: Readonly<Record<string, string | undefined>>): Report {
  const stdout = execFileSync('/bin/sh', ['-c', `${command}; true`], {
    env: { ...testEnvironment(), ...env },
    cwd: '/',
    encoding: 'utf8',
  });
  return reportIn(stdout);
}

/** For checks that ask nothing of the database. */
function contextWith(over: Partial<DoctorContext>): DoctorContext {
  const { settings, target, sources, warnings } = testSettings('sqlite:////nowhere.db');
  return {
    inspected: {
      settings,
      target,
      sources,
      warnings,
      problems: [],
      misspelt: [],
      percentInUrl: false,
    },
    envFile: null,
    envFilePath: '/.env',
    envFileError: null,
    env: {},
    cwd: '/',
    thorough: false,
    sampleSize: 10,
    now: new Date(),
    connect: () => Promise.reject(new Error('not to be connected to')),
    ...over,
  };
}

describe('machine', () => {
  it('is well, and tells what it is', async () => {
    const { url } = await sqliteFile('v0.7.0');
    const answer = await askDoctor(url);
    const machine = answer.report.checks.filter(({ group }) => group === 'Machine');
    expect(machine.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'machine.platform passed',
      'machine.node passed',
      'machine.native-modules passed',
      'machine.sqlite passed',
      'machine.limits passed',
      'machine.memory passed',
      'machine.clock passed',
      'machine.temporary-files passed',
    ]);
    expect(answer.of('machine.node').findings[0]).toContain(process.versions.node);
    expect(answer.of('machine.sqlite').findings[0]).toMatch(/^mcpgw: 3\.\d+\.\d+$/);
  });
});

describe('machine.native-modules', () => {
  it('names the module whose native half does not load, and how it is rebuilt', async () => {
    await spawnCli(['--version']);
    const folder = temporaryFolder();
    cpSync(dirname(BUILT_PROGRAM), join(folder, 'dist'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    mkdirSync(join(folder, 'node_modules'));
    for (const name of [NATIVE_MODULES.sqlite.name, '@node-rs', 'node-gyp-build']) {
      symlinkSync(join(NODE_MODULES, name), join(folder, 'node_modules', name));
    }
    const broken = join(folder, 'node_modules/bcrypt');
    cpSync(join(NODE_MODULES, 'bcrypt'), broken, { recursive: true });
    const built = readdirSync(broken, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.node'),
    );
    expect(built.length).toBeGreaterThan(0);
    for (const path of built) writeFileSync(join(broken, path), 'for another machine');
    const { url } = await sqliteFile('v0.7.0');
    const report = shell(`"${process.execPath}" "${folder}/dist/cli.js" doctor --format json`, {
      DATABASE_URL: url,
    });
    const found = report.checks.find(({ id }) => id === 'machine.native-modules');
    expect(found).toMatchObject({
      status: 'failed',
      count: 1,
      command: `npm rebuild --prefix ${folder} --ignore-scripts=false bcrypt`,
    });
    expect(found?.findings[0]).toMatch(/^bcrypt, which verifies bcrypt hashes: .+/);
  });
});

describe('machine.sqlite', () => {
  it('finds an old shell on the PATH', async () => {
    const { url } = await sqliteFile('v0.7.0');
    const PATH = saying(
      'sqlite3',
      'echo "3.31.1 2020-01-27 19:55:54 3bfa9cc97da10598521b342961df8f5f68c7388f"',
    );
    expect((await askDoctor(url, { env: { PATH } })).of('machine.sqlite')).toMatchObject({
      status: 'warned',
      findings: [expect.stringMatching(/sqlite3: 3\.31\.1 is older than 3\.40\.0: its \.recover/)],
      command: expect.stringContaining('sqlite'),
    });
  });

  it('asks Python, which takes its time, when it is told to be thorough', async () => {
    const { url } = await sqliteFile('v0.7.0');
    const PATH = saying('python3', 'echo 3.34.1');
    expect((await askDoctor(url, { env: { PATH } })).of('machine.sqlite').status).toBe('passed');
    expect((await askDoctor(url, { env: { PATH }, verbose: true })).of('machine.sqlite')).toMatchObject({
      status: 'warned',
      findings: [expect.stringContaining('3.34.1 is older than 3.35.0')],
    });
  });

  it('passes over a shell that fails, and over one that hangs', async () => {
    const { url } = await sqliteFile('v0.7.0');
    for (const line of ['exit 3', 'exec /bin/sleep 30']) {
      const found = (await askDoctor(url, { env: { PATH: saying('sqlite3', line) } })).of('machine.sqlite');
      expect(found).toMatchObject({ status: 'passed', findings: [expect.stringMatching(/^mcpgw: /)] });
    }
  });

  it('asks nothing for a server', async () => {
    const server = await askDoctor('postgresql://mcp@127.0.0.1:1/mcp');
    expect(server.of('machine.sqlite')).toMatchObject({ status: 'passed', findings: [] });
  });

  it('compares numbers, not letters', () => {
    expect(compareVersions('3.9.0', '3.40.0')).toBeLessThan(0);
    expect(compareVersions('3.40.1', '3.40.0')).toBeGreaterThan(0);
    expect(compareVersions('3.40.0', '3.40.0')).toBe(0);
  });
});

describe.skipIf(process.platform !== 'linux')('machine.limits (Linux)', () => {
  it('finds the limit of the shell, which Node.js has raised for itself', async () => {
    await spawnCli(['--version']);
    const { url } = await sqliteFile('v0.7.0');
    const run = `"${process.execPath}" "${BUILT_PROGRAM}" doctor --format json`;
    const found = shell(`ulimit -Sn 256; ${run}`, { DATABASE_URL: url }).checks.find(
      ({ id }) => id === 'machine.limits',
    );
    expect(found).toMatchObject({
      status: 'warned',
      findings: [expect.stringMatching(/^the shell it was started from: 256 open files, /)],
      command: 'ulimit -n 4096',
    });
  });

  it('reads soft limits, in numbers or none', () => {
    const text = [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max processes             100                  unlimited            processes ',
      'Max open files            unlimited            1048576              files     ',
    ].join('\n');
    expect(readLimits('it', text)).toEqual({ whose: 'it', openFiles: null, processes: 100 });
  });
});

describe('machine.memory', () => {
  it('counts what the hash of the password takes', async () => {
    const context = contextWith({});
    const { inspected } = context;
    const settings = { ...inspected.settings, argon2idMemoryCost: 2 ** 40 };
    expect(await memory.find(context)).toMatchObject({ count: 0 });
    expect(await memory.find({ ...context, inspected: { ...inspected, settings } })).toMatchObject({
      count: 1,
      sample: [expect.stringMatching(/available, about 1125\.\d TB needed$/)],
    });
  });
});

describe('machine.clock', () => {
  it.each([
    ['1970-01-01T00:00:42.000Z', 1],
    ['2023-12-31T23:59:59.000Z', 1],
    ['2025-08-01T10:00:00.000Z', 0],
    ['2106-02-07T06:28:16.000Z', 1],
  ])('%s: %i', async (now, count) => {
    const found = await clock.find(contextWith({ now: new Date(now) }));
    expect(found).toEqual({ count, sample: [`it is ${now.slice(0, 19)}Z`] });
  });
});

describe('machine.temporary-files', () => {
  it('finds a folder that cannot be used, and tells which one is', async () => {
    const { url, folder, name } = await sqliteFile('v0.7.0');
    const env = { TMPDIR: `${folder}/missing`, SQLITE_TMPDIR: name };
    expect((await askDoctor(url, { env })).of('machine.temporary-files')).toMatchObject({
      status: 'warned',
      findings: [
        `${name}: it is no folder; /var/tmp is used`,
        `${folder}/missing: it does not exist; /var/tmp is used`,
      ],
      command: 'unset SQLITE_TMPDIR TMPDIR',
    });
  });

  it('does not fail over a database that this user cannot see', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can run as another user');
    const { url, folder } = await sqliteFile('v0.7.0');
    chmodSync(folder, 0o700);
    const env = { DATABASE_URL: url, TMPDIR: `${folder}/inside` };
    const { checks } = reportOf(await spawnCli(['doctor', '--format', 'json'], { uid: 12_345, env }));
    expect(checks.find(({ id }) => id === 'machine.temporary-files')).toMatchObject({
      status: 'warned',
      findings: [expect.stringContaining('/inside: this user may not write to it')],
    });
    expect(checks.filter(({ status }) => status === 'errored')).toEqual([]);
  });

  it('finds a folder without room', async ({ skip }) => {
    const TMPDIR = smallDisk(64);
    if (TMPDIR === undefined) skip('this user may not mount a small disk');
    const { url } = await sqliteFile('v0.7.0');
    expect((await askDoctor(url, { env: { TMPDIR } })).of('machine.temporary-files')).toMatchObject({
      status: 'warned',
      findings: [expect.stringMatching(/disk: 65\.5 KB free, up to 16\.0 MB needed$/)],
      command: '',
      hint: expect.stringContaining('SQLITE_TMPDIR'),
    });
  });
});
