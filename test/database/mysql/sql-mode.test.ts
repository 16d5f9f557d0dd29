import { sql } from 'kysely';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connect } from '../../support/connect.ts';
import { createDatabase, DATABASES } from '../../support/databases.ts';
import { migrate } from '../../support/migrate.ts';

// The mode is one of the whole server, which other tests use: here, every connection of the tool begins with it.
vi.mock('mysql2', async (original) => {
  const mysql2 = await original<typeof import('mysql2')>();
  return {
    ...mysql2,
    createPool(options: import('mysql2').PoolOptions) {
      const pool = mysql2.createPool(options);
      pool.on('connection', (made) => {
        made.query("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,STRICT_TRANS_TABLES'");
      });
      return pool;
    },
  };
});

for (const { id, available } of DATABASES.filter(({ dialect }) => dialect === 'mysql')) {
  describe.skipIf(!available)(`a server under NO_BACKSLASH_ESCAPES [${id}]`, () => {
    test('is migrated all the same: the session has a mode of its own', async () => {
      const database = await createDatabase(id);
      onTestFinished(() => database.drop());
      const result = await migrate(database);
      expect(result.changed).toBe(true);
      const modes = await connect(database, (db) => db.query(sql`SELECT @@sql_mode AS mode`));
      expect(modes).toEqual([{ mode: 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION' }]);
    });
  });
}
