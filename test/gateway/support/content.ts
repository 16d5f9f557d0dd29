import { connect } from '../../support/connect.ts';
import type { TestDatabase } from '../../support/databases.ts';
import { databaseContent } from '../../support/table-content.ts';

/** Every row and the whole schema, as data: what a dump would show, on every dialect alike. */
export function content(database: TestDatabase): Promise<unknown> {
  return connect(database, async (db) => {
    const schema = await db.dialect.readSchema(db);
    const rows = await databaseContent(db, schema);
    return {
      schema: Object.fromEntries(schema),
      rows: Object.fromEntries([...rows].map(([table, byKey]) => [table, Object.fromEntries(byKey)])),
    };
  });
}
