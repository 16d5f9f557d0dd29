import { onTestFinished, test } from 'vitest';
import { expectMigratedOnce, expectOneMigrated, migrateAtOnce, startingDatabase } from './at-once.ts';
import { describeDatabases, SHORT } from './describe-databases.ts';

// On every database, with 2, 5 and 20 processes: test/faults-long/concurrency.test.ts
describeDatabases(SHORT, 'processes started at once', ({ id }) => {
  for (const start of id === 'sqlite' ? (['v0.6.0', 'empty'] as const) : (['v0.6.0'] as const)) {
    test(`4 on a database that is ${start}: one migrates, the others wait`, async () => {
      const database = await startingDatabase(id, start);
      onTestFinished(() => database.drop());
      expectOneMigrated(await migrateAtOnce(database.url, 4));
      await expectMigratedOnce(database, start);
    });
  }
});
