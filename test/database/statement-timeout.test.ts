import { sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../support/connect.ts';
import { createDatabase, describeEachDatabase } from '../support/databases.ts';

describeEachDatabase('--statement-timeout', ({ id, dialect }) => {
  test.skipIf(dialect === 'sqlite')('ends a statement that takes too long', async () => {
    const database = await createDatabase(id);
    onTestFinished(() => database.drop());
    const since = performance.now();
    const sleep = dialect === 'postgresql' ? sql`SELECT pg_sleep(60)` : sql`SELECT sleep(60)`;
    const run = connect(database, (db) => db.query(sleep), { statementTimeoutMs: 500 });
    await expect(run).rejects.toMatchObject({ code: 'FAILED', exitCode: 2 });
    expect(performance.now() - since).toBeLessThan(5_000);
    if (dialect !== 'postgresql') return;
    // The server was asked to stop working on it, too.
    const left = () =>
      database.query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'",
      );
    await expect.poll(left, { timeout: 5_000 }).toBe('0');
  });
});
