import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { backup } from '../../src/commands/backup.ts';
import { restore } from '../../src/commands/restore.ts';
import { v060Database } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { commandRuns, rowsOf } from '../support/command-run.ts';
import { DATABASES, type DatabaseId } from '../support/database-kinds.ts';
import { migrate } from '../support/migrate.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const GLOBAL = { format: 'json', color: false, lockTimeout: 5, backupDir: 'kept' } as const;
/** Of the terminal that the tests' commands believe in. */
const WIDTH = 80;

async function backedUp(id: DatabaseId) {
  const database = await v060Database(id);
  onTestFinished(() => database.drop());
  const cwd = temporaryFolder();
  const run = commandRuns(database, cwd);
  await run((io) => backup(io, GLOBAL));
  const [from = ''] = readdirSync(join(cwd, 'kept')).filter((name) => name.endsWith('.json'));
  const options = { ...GLOBAL, from, confirm: id === 'sqlite' ? 'mcp' : database.name };
  return { database, run, options };
}

const inOneLine = (text: string) => text.replaceAll(/\s+/g, ' ');

for (const kind of DATABASES) {
  describe.skipIf(!kind.available || clientIsOlder(kind))(`restore says first [${kind.id}]`, () => {
    test('what it replaces, drops and leaves half done, in lines that fit', async () => {
      const { database, run, options } = await backedUp(kind.id);
      await migrate(database);
      const { report, stderr } = await run((io) => restore(io, options));
      expect(report).toMatchObject({ exitCode: 0, error: null });
      const told = stderr.split('\n').filter((line) => !line.includes('/'));
      expect(told.filter((line) => line.length > WIDTH)).toEqual([]);
      const text = inOneLine(stderr);
      expect(text).toMatch(/\(0\.7\.0\): \d+ rows now, 15 rows in the backup\. Drops email_api_tokens, /);
      expect(text.includes('This is not one transaction here')).toBe(kind.dialect === 'mysql');
    });
  });
}

test('large numbers are written as the report writes them', async () => {
  const { database, run, options } = await backedUp('sqlite');
  await database.query(`WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2199)
    INSERT INTO tool_metrics (id, tool_id, timestamp, response_time, is_success)
    SELECT i, (SELECT id FROM tools LIMIT 1), '2026-01-01 00:00:00', 0.1, 1 FROM n`);
  const { stderr } = await run((io) => restore(io, { ...options, backup: false }));
  expect(inOneLine(stderr)).toContain('Replaces the database mcp (0.6.0): 1,215 rows now, 15 rows in the');
});

test.each(['delete', 'wal'])(
  'onto a file that cannot be read (%s): no count of what is in it, and nothing called new',
  async (journal) => {
    const { database, run, options } = await backedUp('sqlite');
    await database.query(`PRAGMA journal_mode = ${journal}`);
    const bytes = readFileSync(database.name);
    // The header stays: it opens, and then its list of tables is nonsense.
    const damaged = Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(bytes.length - 100, 0xa5)]);
    writeFileSync(database.name, damaged);
    const planned = await run((io) => restore(io, { ...options, dryRun: true }));
    expect(rowsOf(planned.report, 'tables')).toContainEqual(['tools', '-', 3, 'restored']);
    expect(new Set(rowsOf(planned.report, 'tables')?.map((row) => row[3]))).toEqual(new Set(['restored']));
    const { report, stderr } = await run((io) => restore(io, options));
    expect(report).toMatchObject({ exitCode: 0, error: null });
    const kept = String(rowsOf(report, 'untouched')?.[0]?.[1]);
    expect(readFileSync(kept).equals(damaged)).toBe(true);
    expect(await database.query('SELECT count(*) FROM tools')).toBe('3');
    expect(inOneLine(stderr)).toContain(
      'Replaces the database mcp, whose present state cannot be read, by 15 rows in the backup.',
    );
    expect(stderr).not.toContain('rows now');
  },
);

test('onto a file that is not there', async () => {
  const { database, run, options } = await backedUp('sqlite');
  rmSync(database.name);
  const { report, stderr } = await run((io) => restore(io, options));
  expect(report).toMatchObject({ exitCode: 0, error: null });
  expect(inOneLine(stderr)).toContain('Makes the database mcp, which is not there: 15 rows in the backup.');
});
