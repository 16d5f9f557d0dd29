import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDatabase, describeEachVersion, EVERY_VERSION, type TestDatabase } from './databases.ts';
import { loadSql } from './load-sql.ts';
import { temporaryFolder } from './temporary-folder.ts';

describeEachVersion('createDatabase', ({ id, dialect }) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createDatabase(id);
  });

  afterEach(async () => {
    await database.drop();
  });

  test('is empty, and of its own', async () => {
    const other = await createDatabase(id);
    try {
      await other.query('CREATE TABLE only_here (n INTEGER)');
      await expect(database.query('SELECT * FROM only_here')).rejects.toThrow(/only_here/);
    } finally {
      await other.drop();
    }
  });

  test('query gives the rows as text', async () => {
    await database.query('CREATE TABLE words (n INTEGER, word VARCHAR(20))');
    await database.query("INSERT INTO words VALUES (1, 'naïve 🙂'), (2, NULL)");
    expect(await database.query('SELECT n, word FROM words ORDER BY n')).toBe('1\tnaïve 🙂\n2\tNULL');
    expect(await database.query('SELECT n FROM words WHERE n > 2')).toBe('');
  });

  test('load stops at the first error and names it', async () => {
    const file = join(temporaryFolder(), 'broken.sql');
    writeFileSync(file, 'CREATE TABLE kept (n INTEGER);\nINSERT INTO missing_table VALUES (1);\n');
    await expect(database.load(file)).rejects.toThrow(/missing_table/);
    await expect(loadSql(dialect, database.url, undefined, file)).rejects.toThrow(/missing_table|kept/);
  });
});

const dumps = process.env.MCPGW_REAL_DATABASES;

describe.skipIf(!dumps)('dumps of real databases (needs MCPGW_REAL_DATABASES)', () => {
  const files = dumps && existsSync(dumps) ? readdirSync(dumps).filter((name) => name.endsWith('.sql')) : [];

  test('are in the folder', () => {
    expect(files.length).toBeGreaterThan(0);
  });

  for (const { id, dialect, available } of EVERY_VERSION) {
    for (const file of files.filter((name) => name.endsWith(`.${dialect}.sql`))) {
      // The unique on (team_id, owner_email, url) is over InnoDB's key limit: only MariaDB can hold it.
      const refused = id === 'mysql' && file.startsWith('v0.7.0');
      test.skipIf(!available)(`${file} ${refused ? 'is too wide for' : 'loads into'} ${id}`, async () => {
        const database = await createDatabase(id);
        try {
          const path = join(dumps ?? '', file);
          if (refused) {
            await expect(database.load(path)).rejects.toThrow(/too long/);
            return;
          }
          await database.load(path);
          const viaClient = await counts(database);
          expect(viaClient).toMatch(/^(1fc1795f6983|e182847d89e6)\t\d+\t\d+$/);

          const second = await createDatabase(id);
          await loadSql(dialect, second.url, undefined, path);
          const viaDriver = await counts(second);
          await second.drop();
          expect(viaDriver).toBe(viaClient);
        } finally {
          await database.drop();
        }
      });
    }
  }
});

/** The revision, and how many tools and tool metrics there are. */
function counts(database: TestDatabase): Promise<string> {
  return database.query(
    'SELECT (SELECT version_num FROM alembic_version), (SELECT count(*) FROM tools), (SELECT count(*) FROM tool_metrics)',
  );
}
