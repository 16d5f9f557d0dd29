import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { explain } from '../../../src/doctor/sqlite/access.ts';
import { shell } from '../../../src/report/advice.ts';
import { cliReport } from '../../support/cli-report.ts';
import { askDoctor } from '../../support/doctor.ts';
import { reportIn } from '../../support/report-of.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { fileProblems } from './file-problems.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const userOf = (uid: number) => ({ uid, gid: uid, groups: [uid] });
const mode = (path: string) => statSync(path).mode & 0o7777;

/** The file checks of `mcpgw doctor` as another user. */
async function asNobody(url: string, args: readonly string[] = []) {
  const { report } = await cliReport(url, ['doctor', ...args], { uid: NOBODY });
  return (id: string) => {
    const check = report.checks.find((each) => each.id === id);
    if (check === undefined) throw new Error(`no ${id} in ${JSON.stringify(report)}`);
    return check;
  };
}

/** Runs advice that begins with sudo, where the tests run as root. */
function runAsRoot(command = '') {
  execFileSync('/bin/sh', ['-c', command.replaceAll('sudo ', '')]);
}

describe.skipIf(!isRoot)('as another user (needs root to become one)', () => {
  test('a file nobody may read, of another owner', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.folder, 0o755);
    chmodSync(file.name, 0o600);
    const of = await asNobody(file.url, ['--repair', '--yes']);
    expect(of('file.readable')).toMatchObject({
      status: 'failed',
      findings: [`${file.name} may not be read by nobody (${NOBODY}): owner root (0), mode 0600`],
      command: `sudo chown ${NOBODY} ${file.name}`,
      hint: expect.stringContaining('Right where the gateway runs as this user'),
      fixable: false,
    });
    expect(of('file.sqlite').status).toBe('skipped');
    expect(mode(file.name)).toBe(0o600);
  });

  test('what is advised to another user is no circle: it does as it is told, and all is well', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.folder, 0o755);
    chmodSync(file.name, 0o444);
    const found = await asNobody(file.url);
    expect(found('file.writable').command).toBe(
      `sudo chown ${NOBODY} ${file.name} && sudo chmod u+w ${file.name}`,
    );
    expect(found('file.folder').command).toBe(`sudo chown ${NOBODY} ${file.folder}`);
    for (const id of ['file.writable', 'file.folder', 'file.mode']) runAsRoot(found(id).command);
    const after = await asNobody(file.url);
    for (const id of ['file.readable', 'file.writable', 'file.folder', 'file.beside', 'file.mode']) {
      expect([id, after(id).status]).toEqual([id, 'passed']);
    }
  });

  test('a file of a user who is not root: it is named, and why', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.folder, 0o755);
    chownSync(file.name, 54_321, 54_321);
    chmodSync(file.name, 0o600);
    expect((await asNobody(file.url))('file.readable')).toMatchObject({
      command: "sudo -u '#54321' mcpgw doctor",
      hint: expect.stringContaining('It belongs to user 54321: run mcpgw as that user'),
    });
  });

  test('a link into a folder that may not be entered', async () => {
    const file = await sqliteFile('v0.7.0');
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    symlinkSync(file.name, join(folder, 'mcp.db'));
    expect((await asNobody(`sqlite:///${folder}/mcp.db`))('file.exists')).toMatchObject({
      status: 'failed',
      findings: [expect.stringContaining(`${file.folder} may not be entered by nobody`)],
      command: `sudo chmod o+x ${file.folder}`,
    });
  });

  test('file.mode: who gets at it as one of the others keeps that', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.folder, 0o777);
    chmodSync(file.name, 0o666);
    const found = (await asNobody(file.url))('file.mode');
    expect(found).toMatchObject({ status: 'warned', fixable: false });
    runAsRoot(found.command);
    expect(mode(file.name)).toBe(0o660);
    const after = await asNobody(file.url);
    for (const id of ['file.readable', 'file.writable', 'file.mode']) {
      expect([id, after(id).status]).toEqual([id, 'passed']);
    }
    chmodSync(file.name, 0o666);
    expect((await asNobody(file.url))('file.mode').command).toBe(`sudo chmod o-rwx ${file.name}`);
  });

  test('file.mode: a repair leaves the files of another user beside it alone', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.folder, 0o755);
    chmodSync(file.name, 0o644);
    chownSync(file.name, NOBODY, NOBODY);
    writeFileSync(`${file.name}-journal`, '');
    chmodSync(`${file.name}-journal`, 0o666);
    const repaired = await askDoctor(file.url, { repair: true });
    expect(repaired.of('file.mode')).toMatchObject({ status: 'passed', repaired: 1 });
    expect([mode(file.name), mode(`${file.name}-journal`)]).toEqual([0o640, 0o666]);
  });

  test('a file of its own with the wrong mode: repaired', async () => {
    const file = await sqliteFile('v0.7.0');
    chownSync(file.folder, NOBODY, NOBODY);
    chownSync(file.name, NOBODY, NOBODY);
    for (const [wrong, id, letters] of [
      [0o040, 'file.readable', 'r'],
      [0o440, 'file.writable', 'w'],
    ] as const) {
      chmodSync(file.name, wrong);
      const found = (await asNobody(file.url))(id);
      expect(found).toMatchObject({ status: 'failed', fixable: true });
      const octal = wrong.toString(8).padStart(4, '0');
      expect(found.findings[0]).toMatch(new RegExp(`mode ${octal}$`));
      const bits = letters === 'r' ? 4 : 2;
      const { command } = explain(file.name, bits, 'EACCES', statSync(file.name), userOf(NOBODY));
      expect(command).toEqual(shell(`chmod u+${letters} ${file.name}`));
      expect((await asNobody(file.url, ['--repair', '--yes']))(id).status).toBe('passed');
      expect(mode(file.name)).toBe(wrong | (letters === 'r' ? 0o600 : 0o200));
    }
  });

  test('a folder that may not be entered, one that may not be written, one that is sticky', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.folder, 0o700);
    const closed = (await asNobody(file.url))('file.exists');
    expect(closed.findings[0]).toContain(`${file.folder} may not be entered by nobody`);

    chmodSync(file.name, 0o666);
    chmodSync(file.folder, 0o755);
    const unwritable = (await asNobody(file.url))('file.folder');
    expect(unwritable.status).toBe('failed');
    expect(unwritable.findings[0]).toContain(`${file.folder} may not be written and entered by nobody`);

    chmodSync(file.folder, 0o1777);
    const of = await asNobody(file.url);
    expect(of('file.folder').status).toBe('passed');
    expect(of('file.sticky')).toMatchObject({ status: 'warned', count: 1 });
    chownSync(file.name, NOBODY, NOBODY);
    expect((await asNobody(file.url))('file.sticky').status).toBe('passed');
  });

  test('files that root has left beside it: found by both, repaired by root', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.folder, 0o755);
    chownSync(file.folder, NOBODY, NOBODY);
    chownSync(file.name, NOBODY, NOBODY);
    writeFileSync(`${file.name}-wal`, '', { mode: 0o600 });
    const wal = `${file.name}-wal`;
    const command = `sudo chown ${NOBODY}:${NOBODY} ${wal} && sudo chmod 644 ${wal}`;
    expect((await asNobody(file.url))('file.beside')).toMatchObject({ status: 'failed', command });
    expect((await askDoctor(file.url)).of('file.beside')).toMatchObject({
      findings: [
        `${file.name}-wal may not be read and written by the database’s owner nobody (${NOBODY}): owner root (0), mode 0600`,
      ],
      fixable: true,
    });
    const repaired = await askDoctor(file.url, { repair: true });
    expect(repaired.of('file.beside').status).toBe('passed');
    expect((await asNobody(file.url))('file.beside').status).toBe('passed');
  });

  test('a file system that is mounted read-only (needs a mount namespace)', async ({ skip }) => {
    const file = await sqliteFile('v0.7.0');
    const { BUILT_PROGRAM } = await import('../../../scripts/build.ts');
    await cliReport(file.url, ['doctor']);
    const script = `mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" "$3" doctor --format json`;
    const { testEnvironment } = await import('../../support/spawn-cli.ts');
    const run = spawnSync(
      'unshare',
      [
        '-m',
        '--propagation',
        'private',
        'sh',
        '-c',
        script,
        'sh',
        file.folder,
        process.execPath,
        BUILT_PROGRAM,
      ],
      { encoding: 'utf8', cwd: '/', env: { ...testEnvironment(), DATABASE_URL: file.url } },
    );
    if (run.error !== undefined || run.stdout === '') skip(`no mount namespace: ${run.stderr}`);
    const { checks } = reportIn(run.stdout, run.stderr);
    const failed = checks.filter(({ id, status }) => id.startsWith('file.') && status !== 'passed');
    expect(failed.map(({ id }) => id)).toEqual(['file.writable', 'file.folder', 'file.backup']);
    expect(failed[0]).toMatchObject({
      findings: [`${file.name} cannot be written: the file system at ${file.folder} is mounted read-only`],
      command: `sudo mount -o remount,rw ${file.folder}`,
    });
  });

  test('an immutable file, which not even root can write (needs chattr)', async ({ skip }) => {
    const file = await sqliteFile('v0.7.0');
    if (spawnSync('chattr', ['+i', file.name]).status !== 0) skip('this file system has no such attribute');
    onTestFinished(() => void spawnSync('chattr', ['-i', file.name]));
    const answer = await askDoctor(file.url);
    expect(fileProblems(answer)).toEqual(['file.writable']);
    const { command, findings } = answer.of('file.writable');
    expect([findings[0], command]).toEqual([
      expect.stringContaining('it is immutable'),
      `sudo chattr -i ${file.name}`,
    ]);
    spawnSync('sh', ['-c', (command ?? '').replace('sudo ', '')]);
    expect(fileProblems(await askDoctor(file.url))).toEqual([]);
  });
});

describe('file.mode', () => {
  test('readable by everybody only where the folders let everybody in; the repair keeps the group', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.name, 0o664);
    expect((await askDoctor(file.url)).of('file.mode').status).toBe('passed');
    chmodSync(file.folder, 0o755);
    const found = await askDoctor(file.url);
    expect(found.of('file.mode')).toMatchObject({
      status: 'warned',
      findings: [`${file.name} can be read by every user of this machine: mode 0664`],
      fixable: true,
    });
    expect(fileProblems(await askDoctor(file.url, { repair: true }))).toEqual([]);
    expect(mode(file.name)).toBe(0o660);
  });

  test('writable by everybody', async () => {
    const file = await sqliteFile('v0.7.0');
    chmodSync(file.folder, 0o755);
    chmodSync(file.name, 0o646);
    expect((await askDoctor(file.url)).of('file.mode').findings[0]).toContain(
      'can be read and written by every',
    );
  });
});

test('file.links: a second name of the same file', async () => {
  const file = await sqliteFile('v0.7.0');
  mkdirSync(join(file.folder, 'other'));
  linkSync(file.name, join(file.folder, 'other/gateway.db'));
  expect((await askDoctor(file.url)).of('file.links')).toMatchObject({
    status: 'warned',
    findings: [expect.stringContaining('has 2 hard links')],
    command: `find ${file.folder} -xdev -samefile ${file.name}`,
  });
  renameSync(join(file.folder, 'other/gateway.db'), file.name);
  expect(statSync(file.name).isFile()).toBe(true);
});

test('folders of the system are given to nobody; a folder of a database is; a group keeps its way in', () => {
  const advice = (folder: string, mode: number, gid = 0) =>
    `${explain(folder, 3, 'EACCES', { uid: 0, gid, mode: 0o040000 | mode }, userOf(54_321)).command ?? ''}`;
  for (const folder of ['/', '/srv', '/var/lib', '/usr/local/share']) {
    expect([folder, advice(folder, 0o755)]).toEqual([folder, '']);
  }
  expect(advice('/data/shared', 0o1755)).toBe('');
  expect(advice('/data/gateway', 0o755)).toBe('sudo chown 54321 /data/gateway');
  expect(advice('/data/gateway', 0o555)).toBe(
    'sudo chown 54321 /data/gateway && sudo chmod u+wx /data/gateway',
  );
  expect(advice('/data/gateway', 0o750, 54_321)).toBe('sudo chmod g+wx /data/gateway');
});

test('commands for names that a shell would take apart', () => {
  const stats = { uid: 54_321, gid: 54_321, mode: 0o100400 };
  expect(explain("/data/it's here/mcp.db", 2, 'EACCES', stats, userOf(54_321))).toMatchObject({
    command: shell("chmod u+w '/data/it'\\''s here/mcp.db'"),
    ownMode: true,
  });
  expect(explain('/data/mcp.db', 6, 'EACCES', stats, userOf(123_456))).toMatchObject({
    text: '/data/mcp.db may not be read and written by user 123456: owner user 54321, mode 0400',
    ownMode: false,
  });
});
