import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { TargetContext } from '../../../src/doctor/context.ts';
import { fileJournal } from '../../../src/doctor/sqlite/wal.ts';
import { readJournal } from '../../../src/salvage/index.ts';
import type { SqliteTarget } from '../../../src/settings/database-target.ts';
import { askDoctor } from '../../support/doctor.ts';
import { type SqliteFile, sqliteFile } from '../../support/sqlite-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { fileProblems } from './file-problems.ts';
import { holdDatabase } from './hold-database.ts';

/** Writes pages into the file before the commit. */
const HALF_A_TRANSACTION =
  'PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE tools SET description = hex(randomblob(3000)); UPDATE prompts SET template = hex(randomblob(3000))';

const content = (path: string) => {
  const database = new SQLite(path, { readonly: true });
  try {
    return ['tools', 'prompts', 'tool_metrics'].map((table) =>
      database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all(),
    );
  } finally {
    database.close();
  }
};

async function killedWriter(): Promise<SqliteFile & { readonly committed: unknown }> {
  const file = await sqliteFile('v0.7.0');
  const committed = content(file.name);
  const bytes = readFileSync(file.name);
  const writer = await holdDatabase(file.name, HALF_A_TRANSACTION);
  await writer.kill();
  expect(readFileSync(file.name).equals(bytes)).toBe(false);
  return { ...file, committed };
}

test('a journal left by a killed writer is found, taken back, and nothing committed is lost', async () => {
  const file = await killedWriter();
  const found = await askDoctor(file.url);
  expect(found.of('file.journal')).toMatchObject({
    status: 'failed',
    count: 1,
    fixable: true,
    command: 'mcpgw doctor --repair',
    findings: [expect.stringMatching(/mcp\.db-journal of [\d.]+ [KM]B, last written .* belongs to nobody/)],
  });
  expect(found.of('database.open').status).toBe('skipped');
  expect(existsSync(`${file.name}-journal`)).toBe(true);

  const repaired = await askDoctor(file.url, { repair: true });
  expect(repaired.report.steps).toMatchObject([{ id: 'file.journal', status: 'done' }]);
  expect(fileProblems(repaired)).toEqual([]);
  expect(existsSync(`${file.name}-journal`)).toBe(false);
  expect(content(file.name)).toEqual(file.committed);
});

test('a journal that is being written is no finding, but its writer is', async () => {
  const file = await sqliteFile('v0.7.0');
  const { pid, kill } = await holdDatabase(file.name, HALF_A_TRANSACTION);
  expect(readJournal(`${file.name}-journal`)).not.toBeNull();
  const answer = await askDoctor(file.url, { repair: true });
  expect(answer.report.steps).toEqual([]);
  // It has written to the file before the commit, which takes the exclusive lock.
  if (process.platform === 'linux') {
    expect(answer.of('file.exclusive').findings[0]).toContain(`pid ${pid} `);
    expect(answer.of('file.journal').status).toBe('skipped');
  }
  // Also where the lock is not looked at first.
  const context = { target: { path: file.name } } as TargetContext<SqliteTarget>;
  expect(await fileJournal.find(context)).toMatchObject({ count: 0 });
  await kill();
  expect(await fileJournal.find({ ...context })).toMatchObject({ count: 1 });
});

test('a journal that was not flushed before its writer was killed: the file is as it was', async () => {
  const file = await sqliteFile('v0.7.0');
  const committed = content(file.name);
  const writer = await holdDatabase(
    file.name,
    "BEGIN IMMEDIATE; UPDATE tools SET description = 'not committed'",
  );
  await writer.kill();
  expect(existsSync(`${file.name}-journal`)).toBe(true);
  expect(fileProblems(await askDoctor(file.url))).toEqual([]);
  expect(content(file.name)).toEqual(committed);
});

test('journals that mean nothing: empty, zeroed, or of other bytes', async () => {
  for (const left of [Buffer.alloc(0), Buffer.alloc(1_000), Buffer.from('not a journal at all, but text')]) {
    const file = await sqliteFile('v0.7.0');
    writeFileSync(`${file.name}-journal`, left);
    expect((await askDoctor(file.url)).of('file.journal').status).toBe('passed');
    expect(readFileSync(`${file.name}-journal`)).toEqual(left);
  }
});

test('a read-only file with a hot journal is told, and not taken for mendable', async ({ skip }) => {
  if (process.getuid?.() === 0) skip('root may write everything');
  const file = await killedWriter();
  chmodSync(file.name, 0o444);
  expect((await askDoctor(file.url)).of('file.journal')).toMatchObject({ status: 'failed', fixable: false });
});

test('it is named by the file a link leads to', async () => {
  const file = await killedWriter();
  const link = join(temporaryFolder(), 'link.db');
  symlinkSync(file.name, link);
  expect((await askDoctor(`sqlite:///${link}`)).of('file.journal').findings[0]).toContain(
    `${file.name}-journal`,
  );
});
