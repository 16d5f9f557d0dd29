import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lockTable } from '../faults/lock-support.ts';
import { connect } from '../support/connect.ts';
import { createDatabase, DATABASES } from '../support/databases.ts';

for (const { id, available } of DATABASES.filter(({ dialect }) => dialect !== 'sqlite')) {
  describe.skipIf(!available)(`a read that waits for a locked table [${id}]`, () => {
    test('ends in time, in an error that names who has it', async () => {
      const database = await createDatabase(id);
      onTestFinished(() => database.drop());
      await database.query('CREATE TABLE held (id integer)');
      const unlock = await lockTable(database, 'held');
      onTestFinished(unlock);
      const reading = connect(
        database,
        async (db) => {
          await db.dialect.beginRead(db, 1_000);
          await db.query(sql`SELECT count(*) FROM held`);
        },
        { access: 'read' },
      );
      await expect(reading).rejects.toMatchObject({
        code: 'BUSY',
        message: expect.stringMatching(/^The gateway’s tables are in use: .*by .* from 127\.0\.0\.1/),
      });
    });
  });
}
