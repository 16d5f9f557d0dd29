import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowCounts } from '../../src/database/row-counts.ts';
import { statement } from '../../src/database/statement.ts';
import { backUp, contentOf, putBack } from '../backup/backup-context.ts';
import { clientIsOlder } from '../backup/client-is-older.ts';
import { connect } from '../support/connect.ts';
import { type DatabaseId, EVERY_VERSION } from '../support/database-kinds.ts';
import { createDatabase, type TestDatabase } from '../support/databases.ts';

/** Columns that a dump names one by one, each with two rows. */
const COLUMNS: Readonly<Record<DatabaseId, readonly string[]>> = {
  sqlite: ['b INT GENERATED ALWAYS AS (a + 1) STORED', 'b INT GENERATED ALWAYS AS (a + 1) VIRTUAL'],
  postgres: ['b INT GENERATED ALWAYS AS (a + 1) STORED', 'b INT GENERATED ALWAYS AS IDENTITY'],
  postgres18: ['b INT GENERATED ALWAYS AS (a + 1) STORED', 'b INT GENERATED ALWAYS AS (a + 1) VIRTUAL'],
  mariadb: [
    'b INT INVISIBLE DEFAULT 7',
    'b INT GENERATED ALWAYS AS (a + 1) STORED',
    'b INT GENERATED ALWAYS AS (a + 1) VIRTUAL',
    'b INT INVISIBLE, `VALUES (` INT GENERATED ALWAYS AS (a + 1) VIRTUAL',
  ],
  mysql: [
    'b INT INVISIBLE DEFAULT 7',
    'b INT GENERATED ALWAYS AS (a + 1) STORED',
    'b INT GENERATED ALWAYS AS (a + 1) VIRTUAL',
    'b INT INVISIBLE, `VALUES (` INT GENERATED ALWAYS AS (a + 1) VIRTUAL',
  ],
};

describe('A backup counts the rows that are in it', () => {
  for (const kind of EVERY_VERSION) {
    describe.skipIf(!kind.available || clientIsOlder(kind))(kind.id, () => suite(kind.id));
  }
});

function suite(id: DatabaseId): void {
  const directory = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  let database: TestDatabase;
  const tables = COLUMNS[id].map((_, i) => `t${i}`);

  beforeAll(async () => {
    database = await createDatabase(id);
    for (const [i, column] of COLUMNS[id].entries()) {
      await database.query(`CREATE TABLE t${i} (a INT PRIMARY KEY, ${column})`);
      await database.query(`INSERT INTO t${i} (a) VALUES (1), (2)`);
    }
  });
  afterAll(async () => {
    await database.drop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('a table with an invisible, generated or identity column has its rows in the manifest and after the restore', async () => {
    const before = await contentOf(database);
    const made = await backUp(database, { directory });
    expect(Object.fromEntries(made.rows)).toEqual(Object.fromEntries(tables.map((name) => [name, 2])));
    for (const name of tables) await database.query(`DELETE FROM ${name}`);
    await putBack(database, { directory, name: made.file, backup: false });
    expect(await contentOf(database)).toEqual(before);
  });

  it.skipIf(id !== 'sqlite')(
    'a database of more tables than one query can count has all of them in the manifest',
    async () => {
      const many = Array.from({ length: 520 }, (_, i) => `many_${i}`);
      await connect(database, async (db) => {
        await db.run(statement('BEGIN'));
        for (const name of many) await db.run(statement(`CREATE TABLE ${name} (a INT)`));
        await db.run(statement('INSERT INTO many_519 VALUES (1)'));
        expect((await rowCounts(db, many)).get('many_519')).toBe(1);
        await db.run(statement('ROLLBACK'));
      });
    },
  );
}
