import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { cliReport } from '../support/cli-report.ts';
import { fileFingerprint } from '../support/fingerprint.ts';
import { runSql } from '../support/run-sql.ts';
import { type SqliteFile, sqliteFile } from '../support/sqlite-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const READING = [['status'], ['verify'], ['migrate', '--dry-run'], ['fix', '--dry-run']] as const;
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

describe('commands that only read', () => {
  it('leave no trace on a database in WAL mode that nobody has open', async () => {
    const file = await sqliteFile('v0.7.0');
    const db = new SQLite(file.name);
    db.pragma('journal_mode = WAL');
    db.close();
    const before = fileFingerprint(file.name);
    for (const args of READING) {
      expect((await cliReport(file.url, args)).exitCode).toBe(0);
      expect(fileFingerprint(file.name)).toEqual(before);
    }
  });

  it('leave what a gateway that runs or crashed has beside its database in WAL mode', async () => {
    const file = await sqliteFile('v0.7.0');
    const gateway = new SQLite(file.name);
    try {
      gateway.pragma('journal_mode = WAL');
      gateway.exec("UPDATE tools SET visibility = 'wrong' WHERE rowid = 1");
      const { report } = await cliReport(file.url, ['verify', '--only', 'ownership']);
      expect(report.checks.find(({ id }) => id === 'ownership.visibility')).toMatchObject({ count: 1 });
      expect(readdirSync(file.folder).toSorted()).toEqual(['mcp.db', 'mcp.db-shm', 'mcp.db-wal']);
    } finally {
      gateway.close();
    }
  });

  it('do not wait for a writer, and see what was committed', async () => {
    const file = await sqliteFile('v0.7.0');
    const writer = new SQLite(file.name);
    try {
      writer.exec("BEGIN IMMEDIATE; UPDATE tools SET visibility = 'wrong'");
      const { report, durationMs } = await cliReport(`${file.url}?timeout=20`, ['verify']);
      expect(report).toMatchObject({ status: 'ok' });
      expect(durationMs).toBeLessThan(15_000);
    } finally {
      writer.close();
    }
  });
});

/** What only another user than root is kept from. */
describe.skipIf(!isRoot)('a user who may not write (needs root to become one)', () => {
  const opened: SqliteFile[] = [];

  afterEach(() => {
    for (const { folder } of opened.splice(0)) chmodSync(folder, 0o755);
  });

  async function locked(release: 'v0.6.0' | 'v0.7.0', fileMode: number, folderMode: number) {
    const file = await sqliteFile(release);
    opened.push(file);
    chmodSync(file.name, fileMode);
    chmodSync(file.folder, folderMode);
    return file;
  }

  it('reads a file that is 0444 in a folder that is 0555', async () => {
    for (const release of ['v0.7.0', 'v0.6.0'] as const) {
      const file = await locked(release, 0o444, 0o555);
      const before = fileFingerprint(file.name);
      for (const args of READING.filter(([name]) => release === 'v0.7.0' || name !== 'fix')) {
        const { report } = await cliReport(file.url, args, { uid: NOBODY });
        expect(report.error).toBeNull();
        expect(fileFingerprint(file.name)).toEqual(before);
      }
    }
  });

  it('is told that a file or a folder is read-only, and nothing is written', async () => {
    for (const [fileMode, folderMode] of [
      [0o444, 0o555],
      [0o666, 0o555],
      [0o444, 0o777],
    ] as const) {
      const file = await locked('v0.6.0', fileMode, folderMode);
      const before = fileFingerprint(file.name);
      const { report } = await cliReport(file.url, ['migrate'], { uid: NOBODY });
      expect(report.exitCode).toBe(2);
      expect(report.error?.code).toMatch(/^(READ_ONLY|PERMISSION)$/);
      expect(report.error?.message).toContain(file.name);
      expect(report.error?.hint).toMatch(/file and its folder/);
      expect(fileFingerprint(file.name)).toEqual(before);
    }
    const file = await sqliteFile('v0.6.0');
    const before = fileFingerprint(file.name);
    const { report } = await cliReport(`sqlite:///file:${file.name}?mode=ro&uri=true`, ['migrate']);
    expect(report.error).toMatchObject({ code: 'READ_ONLY' });
    expect(fileFingerprint(file.name)).toEqual(before);
  });

  it('learns from a dry run that a run of its own would refuse', async () => {
    for (const [fileMode, folderMode, what] of [
      [0o444, 0o777, 'mcp.db may not be written'],
      [0o666, 0o555, 'may not be written'],
    ] as const) {
      for (const [command, release] of [
        ['migrate', 'v0.6.0'],
        ['fix', 'v0.7.0'],
        ['rollback', 'v0.7.0'],
      ] as const) {
        const file = await locked(release, 0o666, 0o777);
        if (command === 'fix') await runSql('sqlite', file.url, 'DELETE FROM email_team_members');
        chmodSync(file.name, fileMode);
        chmodSync(file.folder, folderMode);
        const args = [command, '--dry-run', '--no-backup'];
        const { report } = await cliReport(file.url, args, { uid: NOBODY });
        expect(report).toMatchObject({ exitCode: 0, status: 'ok' });
        const warning = expect.stringMatching(`^A run as this user would refuse: .*${what}`);
        expect(report.warnings).toContainEqual(warning);
        expect((await cliReport(file.url, args)).report.warnings).not.toContainEqual(warning);
      }
    }
    const { url } = await sqliteFile('v0.6.0');
    const { report } = await cliReport(`${url}?mode=ro`, ['migrate', '--dry-run']);
    expect(report).toMatchObject({
      exitCode: 0,
      warnings: expect.arrayContaining([expect.stringContaining('mode=ro')]),
    });
  });

  it('is told that a file cannot be read', async () => {
    const file = await locked('v0.6.0', 0o600, 0o755);
    const before = fileFingerprint(file.name);
    for (const args of [['status'], ['migrate']]) {
      const { report } = await cliReport(file.url, args, { uid: NOBODY });
      expect(report.error).toMatchObject({ code: 'PERMISSION' });
      expect(report.error?.message).toContain(file.name);
    }
    expect(fileFingerprint(file.name)).toEqual(before);
  });

  it('is told that a folder cannot be entered', async () => {
    const file = await locked('v0.6.0', 0o666, 0o700);
    for (const args of [['status'], ['migrate']]) {
      const { report } = await cliReport(file.url, args, { uid: NOBODY });
      expect(report.error).toMatchObject({ code: 'PERMISSION' });
      expect(report.error?.message).toContain(file.name);
      expect(report.error?.hint).toMatch(/folder/);
    }
  });

  it('is told that no new file can be made', async () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o555);
    const { report } = await cliReport(`sqlite:///${folder}/new.db`, ['migrate'], { uid: NOBODY });
    expect(report.error).toMatchObject({ code: 'PERMISSION' });
    expect(fileFingerprint(join(folder, 'new.db'))).toEqual({ beside: [] });
  });

  it('is told that a full disk is full, and the file is as it was', async ({ skip }) => {
    const parent = temporaryFolder();
    chmodSync(parent, 0o755);
    const folder = join(parent, 'small');
    mkdirSync(folder);
    const file = await sqliteFile('v0.6.0');
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k,mode=777', 'none', folder]);
    skip(mount.status !== 0, 'tmpfs cannot be mounted here');
    try {
      const name = join(folder, 'mcp.db');
      spawnSync('cp', [file.name, name]);
      chownSync(name, NOBODY, NOBODY);
      const before = readFileSync(name);
      const { report } = await cliReport(`sqlite:///${name}`, ['migrate', '--no-backup'], {
        uid: NOBODY,
      });
      expect(report.error).toMatchObject({ code: 'DISK_FULL' });
      expect(report.error?.hint).toMatch(/Make room|free space/);
      // What did not fit in memory was written, and taken back.
      expect(readFileSync(name).equals(before)).toBe(true);
      expect(readdirSync(folder)).toEqual(['mcp.db']);
    } finally {
      spawnSync('umount', [folder]);
    }
  });
});
