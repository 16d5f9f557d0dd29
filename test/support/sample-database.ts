import { onTestFinished } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import type { DatabaseId } from './database-kinds.ts';
import { createDatabase, type TestDatabase } from './databases.ts';

/** A v0.6.0 database of SMALL_SAMPLE for the test that is running. */
export async function sampleDatabase(id: DatabaseId): Promise<TestDatabase> {
  const database = await createDatabase(id);
  onTestFinished(() => database.drop());
  await createSample(database.url, SMALL_SAMPLE);
  return database;
}
