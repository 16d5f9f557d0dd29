import type { Schema } from '../../src/schema/model.ts';
import { connect } from './connect.ts';
import type { DatabaseId } from './database-kinds.ts';
import { createDatabase } from './databases.ts';
import { migrate } from './migrate.ts';

const made = new Map<DatabaseId, Promise<Schema>>();

/** The schema of a database that `migrate` made from nothing, made once for each database of a test file. */
export function freshSchema(id: DatabaseId): Promise<Schema> {
  const known = made.get(id) ?? makeFresh(id);
  made.set(id, known);
  return known;
}

async function makeFresh(id: DatabaseId): Promise<Schema> {
  const database = await createDatabase(id);
  try {
    await migrate(database);
    return await connect(database, (db) => db.dialect.readSchema(db));
  } finally {
    await database.drop();
  }
}
