import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILT_PROGRAM } from '../../scripts/build.ts';
import { reportHere } from '../support/cli-report.ts';
import { reportOf } from '../support/report-of.ts';
import { spawnCli } from '../support/spawn-cli.ts';
import { sqliteFile } from '../support/sqlite-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const COMMANDS = [
  ['migrate', '--no-backup'],
  ['migrate', '--dry-run'],
  ['fix', '--yes'],
  ['rollback', '--yes'],
  ['restore', 'mcp.db', '--confirm=mcp'],
  ['backup'],
  ['verify'],
  ['status'],
] as const;

describe('a database that is named by a misspelt variable', () => {
  it.each(COMMANDS)('%s %s refuses, and leaves the default one alone', async (command, ...flags) => {
    const { folder, name } = await sqliteFile('v0.6.0');
    const before = readFileSync(name);
    const place = join(folder, '.env');
    writeFileSync(place, '# the database\nDATABASE_ULR=sqlite:///./other.db\n');
    const ran = await spawnCli([command, ...flags.filter((flag) => flag !== undefined), '--format', 'json'], {
      cwd: folder,
    });
    expect(ran.exitCode).toBe(2);
    const { error } = reportOf(ran);
    expect(error?.code).toBe('SETTINGS');
    expect(error?.details).toEqual([
      `DATABASE_URL: it is not set, but DATABASE_ULR is (${place}:2), which nothing reads; write DATABASE_URL there, or take DATABASE_ULR out`,
    ]);
    expect(readFileSync(name).equals(before)).toBe(true);
  });

  it('an administrator that is: commands that only read go on', async () => {
    const { folder, url } = await sqliteFile('v0.7.0');
    writeFileSync(join(folder, '.env'), 'PLATFORM_ADMIN_EMIAL=ann@corp.example.com\n');
    const options = { cwd: folder, env: { PLATFORM_ADMIN_EMAIL: undefined } };
    expect((await reportHere(url, ['status'], options)).exitCode).toBe(0);
    const fixed = await reportHere(url, ['fix', '--yes'], options);
    expect(fixed.exitCode).toBe(2);
    expect(fixed.report.error?.details).toEqual([
      expect.stringContaining('PLATFORM_ADMIN_EMAIL: it is not set, but PLATFORM_ADMIN_EMIAL is'),
    ]);
  });
});

it('an empty file is to be moved away, whoever says so', async () => {
  const folder = temporaryFolder();
  const url = `sqlite:///${folder}/mcp.db`;
  writeFileSync(join(folder, 'mcp.db'), '');
  const status = await reportHere(url, ['status']);
  expect(status.report.error?.hint).toContain('move the empty file away');
  const found = (await reportHere(url, ['doctor'])).report.checks.find(({ id }) => id === 'file.sqlite');
  expect(found?.hint).toContain('move the empty file away');
});

it.skipIf(process.platform === 'win32')('a folder that is gone is told in a sentence', async () => {
  await spawnCli(['--version']);
  const folder = join(temporaryFolder(), 'gone');
  mkdirSync(folder);
  const { execFile } = await import('node:child_process');
  const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile(
      '/bin/sh',
      ['-c', `rmdir "${folder}"; exec "${process.execPath}" "${BUILT_PROGRAM}" status`],
      { cwd: folder },
      (error, _stdout, stderr) => resolve({ code: error?.code, stderr }),
    );
  });
  expect(ended.stderr).toBe('The folder that mcpgw was started in is gone. Change to another one: cd /\n');
  expect(ended.code).toBe(2);
});
