import { onTestFinished, test } from 'vitest';
import { expectMigratedOnce, expectOneMigrated, migrateAtOnce, startingDatabase } from '../faults/at-once.ts';
import { describeEachVersion } from '../support/databases.ts';

describeEachVersion('processes started at once', ({ id }) => {
  for (const count of [2, 5, 20]) {
    for (const start of ['v0.6.0', 'empty'] as const) {
      test(`${count} on a database that is ${start}: one migrates, the others wait`, async () => {
        const database = await startingDatabase(id, start);
        onTestFinished(() => database.drop());
        expectOneMigrated(await migrateAtOnce(database.url, count));
        await expectMigratedOnce(database, start);
      });
    }
  }
});
