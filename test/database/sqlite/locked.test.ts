import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/database/connection.ts';
import { translateSqliteError } from '../../../src/database/sqlite/errors.ts';
import { releaseOf } from '../../../src/migrate/read-release.ts';
import { noProgress } from '../../../src/progress.ts';
import { mcpgw } from '../../../src/report/advice.ts';
import { holdDatabase } from '../../doctor/sqlite/hold-database.ts';
import { connect } from '../../support/connect.ts';
import { migrate } from '../../support/migrate.ts';
import { sqliteFile } from '../../support/sqlite-file.ts';

const release = async (db: Connection) => releaseOf(db, await db.dialect.readSchema(db));

const HALF_A_TRANSACTION =
  'PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE tools SET description = hex(randomblob(3000)); UPDATE prompts SET template = hex(randomblob(3000))';

describe('a file that another process keeps to itself', () => {
  test('a run waits as long as it is told, not as long as SQLite does, and names who has it', async () => {
    const file = await sqliteFile('v0.6.0');
    const { pid } = await holdDatabase(file.name, 'BEGIN EXCLUSIVE');
    const since = performance.now();
    const waitedFor: string[] = [];
    const progress = { ...noProgress, log: (line: string) => void waitedFor.push(line) };
    const run = migrate({ url: `${file.url}?timeout=0.1` }, { context: { lockTimeoutMs: 1_500, progress } });
    const message = process.platform === 'linux' ? `pid ${pid} on this host` : 'another process';
    await expect(run).rejects.toMatchObject({ code: 'BUSY', message: expect.stringContaining(message) });
    expect(performance.now() - since).toBeGreaterThan(1_400);
    expect(waitedFor.join('\n')).toContain(message);
  });

  test('it goes on as soon as the file is free, with all its settings', async () => {
    const file = await sqliteFile('v0.6.0');
    const { kill } = await holdDatabase(file.name, 'BEGIN EXCLUSIVE');
    const run = connect(file, async (db) => {
      await db.dialect.beginRun(db, { timeoutMs: 60_000, onWait: () => {} });
      const [cache] = await db.query<{ cache_size: number }>(sql`PRAGMA cache_size`);
      const [legacy] = await db.query<{ legacy_alter_table: number }>(sql`PRAGMA legacy_alter_table`);
      await db.dialect.endRun(db, false);
      return { ...cache, ...legacy };
    });
    await sleep(200);
    await kill();
    expect(await run).toEqual({ cache_size: -32_768, legacy_alter_table: 1 });
  });

  test('a command that reads names who has it', async () => {
    const file = await sqliteFile('v0.7.0');
    const { pid } = await holdDatabase(file.name, 'BEGIN EXCLUSIVE');
    const read = connect({ url: `${file.url}?timeout=0.1` }, release, { access: 'read' });
    await expect(read).rejects.toMatchObject({
      code: 'BUSY',
      message: expect.stringContaining(process.platform === 'linux' ? `pid ${pid} on this host` : 'locked'),
    });
  });
});

test('a transaction that was broken off is told as that, and not as a lack of rights', async () => {
  const file = await sqliteFile('v0.7.0');
  const writer = await holdDatabase(file.name, HALF_A_TRANSACTION);
  await writer.kill();
  const [database, journal] = [readFileSync(file.name), readFileSync(`${file.name}-journal`)];
  await expect(connect(file, release, { access: 'read' })).rejects.toMatchObject({
    code: 'READ_ONLY',
    message: `${file.name} cannot be read yet: a program was killed while it wrote.`,
    hint: expect.objectContaining({ parts: expect.arrayContaining([mcpgw('doctor', '--repair')]) }),
  });
  expect(readFileSync(file.name).equals(database)).toBe(true);
  expect(readFileSync(`${file.name}-journal`).equals(journal)).toBe(true);
  // Any run that writes takes it back.
  expect(await connect(file, release)).toMatchObject({ release: '0.7.0' });
  expect(await connect(file, release, { access: 'read' })).toMatchObject({ release: '0.7.0' });
});

test('what SQLite refuses leads to the doctor', async () => {
  const { SqliteError } = (await import('better-sqlite3')).default;
  for (const code of [
    'SQLITE_NOTADB',
    'SQLITE_CORRUPT',
    'SQLITE_BUSY',
    'SQLITE_READONLY',
    'SQLITE_READONLY_ROLLBACK',
    'SQLITE_CANTOPEN',
    'SQLITE_PERM',
  ]) {
    const error = translateSqliteError(new SqliteError('as SQLite says it', code), '/nowhere/mcp.db');
    expect(error?.next?.is('doctor')).toBe(true);
  }
});
