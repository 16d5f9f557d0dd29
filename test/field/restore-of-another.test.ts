import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { backup } from '../../src/commands/backup.ts';
import { restore } from '../../src/commands/restore.ts';
import { v060Database } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { commandRuns } from '../support/command-run.ts';
import { DATABASES, type DatabaseKind } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { testSettings } from '../support/test-settings.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept' } as const;

for (const kind of DATABASES) {
  describe('A restore from the backup of another database', () => {
    describe.skipIf(!kind.available || clientIsOlder(kind))(kind.id, () => suite(kind));
  });
}

function suite({ id }: DatabaseKind): void {
  const cwd = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  let [one, other]: TestDatabase[] = [];
  let from = '';

  beforeAll(async () => {
    [one, other] = [await v060Database(id), await v060Database(id)];
    await commandRuns(one, cwd)((io) => backup(io, GLOBAL));
    [from = ''] = readdirSync(join(cwd, 'kept')).filter((name) => name.endsWith('.json'));
    await other.query('DELETE FROM tool_metrics');
  });
  afterAll(async () => {
    await one?.drop();
    await other?.drop();
    rmSync(cwd, { recursive: true, force: true });
  });

  const put = (into: TestDatabase, options: { confirm?: string; dryRun?: boolean }) =>
    commandRuns(into, cwd)((io) => restore(io, { ...GLOBAL, from, backup: false, ...options }));
  const nameOf = ({ name }: TestDatabase) => (id === 'sqlite' ? 'mcp' : name);

  it('is told apart by --dry-run, and refused with the name alone, exit 2', async () => {
    const url = testSettings(one!.url).target.maskedUrl;
    const planned = await put(other!, { dryRun: true });
    expect(planned.report.warnings.join()).toContain(url);
    const { report } = await put(other!, { confirm: nameOf(other!) });
    expect(report).toMatchObject({ exitCode: 2, error: { code: 'CONFIRMATION' } });
    expect(report.error?.message).toContain(url);
    expect(report.error?.hint).toContain(`--confirm '${nameOf(other!)} from ${url}'`);
    expect(await other!.query('SELECT count(*) FROM tool_metrics')).toBe('0');
  });

  it('goes through when both are named', async () => {
    const url = testSettings(one!.url).target.maskedUrl;
    const { report } = await put(other!, { confirm: `${nameOf(other!)} from ${url}` });
    expect(report).toMatchObject({ exitCode: 0, error: null });
    expect(await other!.query('SELECT count(*) FROM tool_metrics')).toBe('1');
  });

  it('into an empty database takes the name alone', async () => {
    const empty = await createDatabase(id);
    onTestFinished(() => empty.drop());
    const { report } = await put(empty, { confirm: nameOf(empty) });
    expect(report).toMatchObject({ exitCode: 0, error: null });
  });

  it('is not what a backup of the same database is, which takes the name alone', async () => {
    const { report, stderr } = await put(one!, { confirm: nameOf(one!) });
    expect(report).toMatchObject({ exitCode: 0, error: null });
    expect(stderr).not.toContain('but of');
  });
}
