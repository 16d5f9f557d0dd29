import { onTestFinished } from 'vitest';
import { createSample } from '../../scripts/sample/create-sample.ts';
import { SMALL_SAMPLE } from '../../scripts/sample/sample-size.ts';
import type { DatabaseId } from './database-kinds.ts';
import type { TestDatabase } from './databases.ts';
import { copyOf } from './template.ts';

/** A v0.6.0 database of SMALL_SAMPLE for the test that is running. */
export async function sampleDatabase(id: DatabaseId): Promise<TestDatabase> {
  const database = await copyOf(id, 'sample', ({ url }) => createSample(url, SMALL_SAMPLE));
  onTestFinished(() => database.drop());
  return database;
}
