import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { manifestSchema } from '../../src/backup/manifest.ts';
import { preflightBackup } from '../../src/backup/preflight-backup.ts';
import { planRestore } from '../../src/backup/restore-backup.ts';
import { noProgress } from '../../src/progress.ts';
import { connect } from '../support/connect.ts';
import { type DatabaseKind, EVERY_VERSION } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';
import { migrate } from '../support/migrate.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { testSettings } from '../support/test-settings.ts';
import { backUp, contentOf, NOW, putBack, restoreContext, shapeOf, v060Database } from './backup-context.ts';
import { clientIsOlder } from './client-is-older.ts';

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

for (const kind of EVERY_VERSION) {
  const skipped = !kind.available || clientIsOlder(kind);
  describe.skipIf(skipped)(`backup and restore [${kind.id}]`, () => suite(kind));
}

function suite({ id, dialect }: DatabaseKind): void {
  let database: TestDatabase;
  let directory: string;

  // The tests leave it as it is; those that do not come last.
  beforeAll(async () => {
    database = await v060Database(id);
  });

  beforeEach(() => {
    directory = temporaryFolder();
  });

  afterAll(async () => {
    await database.drop();
  });

  test('a backup is whole, described, and for its owner only', async () => {
    const envFile = join(temporaryFolder(), '.env');
    writeFileSync(envFile, 'DB_MAX_RETRIES=2\n');
    chmodSync(envFile, 0o644);
    const made = await backUp(database, { directory: join(directory, 'new'), envFile });
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(made.manifest, 'utf8')));
    expect(manifest).toMatchObject({
      createdAt: NOW.toISOString(),
      release: '0.6.0',
      source: { dialect },
      bytes: statSync(made.file).size,
      sha256: made.sha256,
    });
    expect(manifest.rows).toMatchObject({
      tools: 3,
      resources: 2,
      prompts: 1,
      alembic_version: 1,
      server_prompt_association: 0,
    });
    expect(made.file).toMatch(/\/mcpgw-\w+-20260304t050607Z-0\.6\.0\.(db|dump|sql\.gz)$/);
    expect(made.envFile === null ? '' : readFileSync(made.envFile, 'utf8')).toBe('DB_MAX_RETRIES=2\n');
    expect([made.file, made.manifest, made.envFile ?? ''].map(mode)).toEqual(['600', '600', '600']);
    expect(mode(dirname(made.file))).toBe('700');
    expect(readdirSync(dirname(made.file))).toHaveLength(3);
  });

  test('restores elsewhere what was there, value by value', async () => {
    const made = await backUp(database, { directory });
    const other = await createDatabase(id);
    onTestFinished(() => other.drop());
    const { plan, safety } = await putBack(other, { directory, name: made.file });
    expect(safety).toBeNull();
    expect(plan.tables.every(({ what }) => what === 'created')).toBe(true);
    expect(await contentOf(other)).toEqual(await contentOf(database));
    expect(await shapeOf(other)).toEqual(await shapeOf(database));
  });

  test('a byte flipped, a file cut short, half a manifest and none are refused', async () => {
    const made = await backUp(database, { directory });
    const bytes = readFileSync(made.file);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(made.file, bytes);
    const before = await contentOf(database);
    const damaged = { code: 'CORRUPT', message: expect.stringContaining(made.file) };
    await expect(putBack(database, { directory, name: made.file })).rejects.toMatchObject(damaged);
    writeFileSync(made.file, bytes.subarray(0, middle));
    await expect(putBack(database, { directory, name: made.file })).rejects.toMatchObject(damaged);
    const text = readFileSync(made.manifest, 'utf8');
    writeFileSync(made.manifest, text.slice(0, text.length / 2));
    const cutShort = { code: 'FAILED', message: expect.stringContaining('cut short') };
    await expect(putBack(database, { directory, name: made.file })).rejects.toMatchObject(cutShort);
    rmSync(made.manifest);
    await expect(putBack(database, { directory, name: made.file })).rejects.toMatchObject(cutShort);
    expect(await contentOf(database)).toEqual(before);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test('a plan writes nothing', async () => {
    const made = await backUp(database, { directory });
    const before = await contentOf(database);
    const plan = await planRestore(restoreContext(database, { directory, name: made.file }));
    expect(plan.safety?.place).toBe(directory);
    expect(plan.safety?.bytes).toBeGreaterThan(0);
    expect(plan.tables).toContainEqual({ table: 'tools', now: 3, backup: 3, what: 'replaced' });
    expect(await contentOf(database)).toEqual(before);
    expect(readdirSync(directory)).toHaveLength(2);
  });

  test('stopped on the way, it leaves no file behind', async () => {
    const controller = new AbortController();
    const start = () => controller.abort('SIGTERM');
    const stopped = backUp(database, {
      directory,
      signal: controller.signal,
      progress: { ...noProgress, start },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'TERMINATED' });
    expect(readdirSync(directory)).toEqual([]);
  });

  test.skipIf(dialect !== 'postgresql')('an older client program is refused', async () => {
    const clients = temporaryFolder();
    const program = join(clients, 'pg_dump');
    writeFileSync(program, '#!/bin/sh\necho "pg_dump (PostgreSQL) 12.22"\n', { mode: 0o755 });
    await expect(backUp(database, { directory, env: { PATH: `${clients}:/bin` } })).rejects.toMatchObject({
      code: 'PREFLIGHT',
      message: expect.stringMatching(
        /^\S+pg_dump is of version 12\.22, older than the server \(PostgreSQL 1\d/,
      ),
      hint: expect.stringMatching(/postgresql-client-1\d\b.*PATH\. Nothing was changed\.$/),
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test.skipIf(dialect === 'sqlite')('without the client program it is refused and named', async () => {
    const program = {
      postgresql: 'pg_dump',
      mysql: id === 'mysql' ? 'mysqldump' : 'mariadb-dump',
      sqlite: '',
    };
    const { target } = testSettings(database.url);
    const refused = (canGoWithout: boolean) =>
      connect(database, (db) =>
        preflightBackup({
          canGoWithout,
          db,
          target,
          env: { PATH: '' },
          cwd: directory,
          directory,
          progress: noProgress,
          signal: new AbortController().signal,
        }),
      );
    const message = `A backup needs ${program[dialect]}, which is not on the PATH.`;
    await expect(refused(true)).rejects.toMatchObject({
      code: 'PREFLIGHT',
      exitCode: 2,
      message,
      hint: expect.stringMatching(/client.*--no-backup/),
    });
    await expect(refused(false)).rejects.toMatchObject({
      message,
      hint: expect.stringMatching(/client.* on the PATH\. Nothing was changed\.$/),
    });
    const { file } = await backUp(database, { directory });
    const backup = false;
    const restored = planRestore(
      restoreContext(database, { directory, name: file, env: { PATH: '' }, backup }),
    );
    const reader = { postgresql: 'pg_restore', mysql: id === 'mysql' ? 'mysql' : 'mariadb', sqlite: '' };
    await expect(restored).rejects.toMatchObject({
      code: 'PREFLIGHT',
      message: `A restore needs ${reader[dialect]}, which is not on the PATH.`,
      hint: expect.not.stringContaining('--no-backup'),
    });
  });

  test('the locks of a run do not keep a backup out', async () => {
    const { target } = testSettings(database.url);
    await connect(database, async (db) => {
      await db.dialect.beginRun(db, { timeoutMs: 1_000, onWait() {} });
      try {
        const made = await backUp(database, { directory });
        expect(made.rows.get('tools')).toBe(3);
        expect(target.dialect).toBe(dialect);
      } finally {
        await db.dialect.endRun(db, false);
      }
    });
  });

  test('a backup under concurrent writes is of one moment', async () => {
    await database.query('CREATE TABLE pairs_a (id INTEGER PRIMARY KEY)');
    await database.query('CREATE TABLE pairs_b (id INTEGER PRIMARY KEY)');
    const writer = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'write-pairs.ts')], {
      env: { ...process.env, PAIRS_URL: database.url, PAIRS_DIALECT: dialect },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(writer, 'exit');
    try {
      await once(writer.stdout, 'data');
      const made = await backUp(database, { directory });
      expect(made.rows.get('pairs_a')).toBeGreaterThan(0);
      expect(made.rows.get('pairs_a')).toBe(made.rows.get('pairs_b'));
      const other = await createDatabase(id);
      onTestFinished(() => other.drop());
      await putBack(other, { directory, name: made.file });
      expect(await other.query('SELECT count(*) FROM pairs_a')).toBe(String(made.rows.get('pairs_a')));
    } finally {
      writer.kill('SIGKILL');
      await ended;
    }
  });

  test('restores over a migrated database, and back to it from the kept state', async () => {
    const before = await contentOf(database);
    const shape = await shapeOf(database);
    const made = await backUp(database, { directory });
    await migrate(database);
    await database.query('CREATE TABLE somebody_elses (n INTEGER)');
    await database.query('INSERT INTO somebody_elses VALUES (1)');
    const migrated = await contentOf(database);

    const { plan, safety } = await putBack(database, { directory, name: made.manifest });
    expect(plan.tables).toContainEqual({ table: 'email_users', now: 1, backup: null, what: 'dropped' });
    const kept = dialect !== 'sqlite';
    expect(plan.tables.find(({ table }) => table === 'somebody_elses')?.what).toBe(kept ? 'kept' : 'dropped');
    if (kept) await database.query('DROP TABLE somebody_elses');
    expect(await contentOf(database)).toEqual(before);
    expect(await shapeOf(database)).toEqual(shape);

    expect(safety).not.toBeNull();
    await putBack(database, {
      directory,
      name: safety?.manifest ?? '',
      now: new Date('2026-03-04T07:00:00Z'),
    });
    expect(await contentOf(database)).toEqual(migrated);
  });
}
