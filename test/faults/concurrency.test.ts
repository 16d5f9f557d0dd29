import { onTestFinished, test } from 'vitest';
import { describeEachDatabase } from '../support/databases.ts';
import { expectMigratedOnce, expectOneMigrated, migrateAtOnce, startingDatabase } from './at-once.ts';

// The same with 2 and 20 processes each: test/faults-long/concurrency.test.ts
describeEachDatabase('processes started at once', ({ id }) => {
  for (const [count, start] of [
    [5, 'v0.6.0'],
    [3, 'empty'],
  ] as const) {
    test(`${count} on a database that is ${start}: one migrates, the others wait`, async () => {
      const database = await startingDatabase(id, start);
      onTestFinished(() => database.drop());
      expectOneMigrated(await migrateAtOnce(database.url, count));
      await expectMigratedOnce(database, start);
    });
  }
});
