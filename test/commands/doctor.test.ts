import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { describe, expect, it, vi } from 'vitest';
import { type DoctorOptions, doctor } from '../../src/commands/doctor.ts';
import { reportIn } from '../support/report-of.ts';
import { type SqliteFile, sqliteFile } from '../support/sqlite-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ADMIN } from '../support/test-settings.ts';

const answer = vi.hoisted(() => vi.fn(async (_question: string, _beforehand?: string) => false));
vi.mock('../../src/commands/confirm.ts', () => ({ askOnTerminal: answer }));

async function ask(options: Partial<DoctorOptions>, interactive = false) {
  let [stdout, stderr] = ['', ''];
  await doctor(
    {
      env: {
        PLATFORM_ADMIN_EMAIL: ADMIN.email,
        PLATFORM_ADMIN_PASSWORD: ADMIN.password,
        PATH: process.env.PATH,
      },
      cwd: temporaryFolder(),
      argv: [],
      stdout: { write: (text) => (stdout += text), isTTY: false, columns: undefined },
      stderr: { write: (text) => (stderr += text), isTTY: interactive, columns: undefined },
      interactive,
      signal: new AbortController().signal,
    },
    { format: 'json', color: false, ...options },
  );
  return { report: reportIn(stdout, stderr), stderr };
}

/** Readable by everybody, which `--repair` mends. */
async function openToAll(release: 'v0.6.0' | 'v0.7.0'): Promise<SqliteFile> {
  const file = await sqliteFile(release);
  chmodSync(file.folder, 0o755);
  chmodSync(file.name, 0o644);
  return file;
}

function run(file: SqliteFile, sql: string): void {
  const db = new SQLite(file.name);
  db.exec(sql);
  db.close();
}

describe('doctor', () => {
  it('names the database of its command line in every command', async () => {
    const { url } = await openToAll('v0.6.0');
    const { report } = await ask({ databaseUrl: url });
    expect(report.next).toBe(`mcpgw doctor --database-url ${url} --repair`);
    expect(report.checks.find(({ id }) => id === 'file.mode')).toMatchObject({
      hint: expect.stringContaining(`\nRun: mcpgw doctor --database-url ${url} --repair`),
      command: report.next,
    });
  });

  it('sends a healthy v0.6.0 database to migrate, and one at v0.7.0 nowhere', async () => {
    const old = await sqliteFile('v0.6.0');
    const current = await sqliteFile('v0.7.0');
    for (const { name } of [old, current]) chmodSync(name, 0o600);
    expect((await ask({ databaseUrl: old.url })).report).toMatchObject({
      status: 'ok',
      next: `mcpgw migrate --database-url ${old.url}`,
    });
    expect((await ask({ databaseUrl: current.url })).report).toMatchObject({ status: 'ok', next: '' });
  });

  it('does not send to a repair what is not the gateway’s database', async () => {
    const file = await openToAll('v0.6.0');
    run(file, "UPDATE alembic_version SET version_num = 'e75490e949b1'");
    const { report } = await ask({ databaseUrl: file.url });
    expect(report.checks.find(({ id }) => id === 'data.release')?.status).toBe('failed');
    expect(report.checks.some(({ fixable }) => fixable)).toBe(true);
    expect(report.next).not.toContain('--repair');
  });

  it('says what it asks about, also with --quiet', async () => {
    const { url, name } = await openToAll('v0.7.0');
    const { stderr } = await ask({ databaseUrl: url, repair: true, quiet: true }, true);
    expect(stderr).toContain(`file.mode: ${name} can be read by every user`);
    expect(stderr).toContain('- Take the rights of others');
    const [question, beforehand] = answer.mock.lastCall ?? [];
    expect(question).toContain('Repair this now?');
    expect(beforehand).not.toContain('--dry-run');
  });

  it('says that --repair could repair nothing', async () => {
    const { report } = await ask({
      databaseUrl: `sqlite:///${join(temporaryFolder(), 'gone.db')}`,
      repair: true,
      yes: true,
    });
    expect(report.status).toBe('findings');
    expect(report.warnings).toContainEqual(expect.stringContaining('Nothing was repaired'));
  });

  it.each([{ yes: true }, { swap: true }])('refuses %j without --repair', async (options) => {
    const { report } = await ask({ databaseUrl: 'sqlite:////srv/mcp.db', ...options });
    expect(report).toMatchObject({
      exitCode: 2,
      error: { code: 'USAGE', message: expect.stringContaining('--repair') },
      next: 'mcpgw doctor --database-url sqlite:////srv/mcp.db --repair',
    });
  });

  it.each([{ swap: true }, {}])(
    'without a terminal tells how to repair with %j all the same',
    async (options) => {
      const { url } = await openToAll('v0.7.0');
      const { report } = await ask({ databaseUrl: url, repair: true, ...options });
      const command = `mcpgw doctor --database-url ${url} --repair --yes${options.swap === true ? ' --swap' : ''}`;
      expect(report.error?.code).toBe('CONFIRMATION');
      expect(report.error?.hint.split('\n')).toContain(`Then repair it with: ${command}`);
      expect(report.next).toBe(`mcpgw doctor --database-url ${url}`);
    },
  );
});
