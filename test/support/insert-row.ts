import { sql } from 'kysely';
import type { Connection } from '../../src/database/connection.ts';
import type { Column, Schema } from '../../src/schema/model.ts';

export type RowValues = Readonly<Record<string, unknown>>;

/** Inserts a row; what it does not say and the table insists on gets a value of the column's kind. */
export async function insertRow(
  db: Connection,
  schema: Schema,
  table: string,
  values: RowValues,
): Promise<void> {
  const columns = schema.get(table)?.columns ?? [];
  const needed = columns.filter(
    (column) =>
      !(column.name in values) && !column.nullable && !column.autoincrement && column.default === null,
  );
  const row = { ...Object.fromEntries(needed.map((c) => [c.name, anyValue(db, c)])), ...values };
  const names = Object.keys(row).map((name) => sql.ref(name));
  await db.query(
    sql`INSERT INTO ${sql.table(table)} (${sql.join(names)}) VALUES (${sql.join(Object.values(row))})`,
  );
}

function anyValue(db: Connection, { kind }: Column): unknown {
  switch (kind) {
    case 'json':
      return '{"a": "é"}';
    case 'boolean':
      return db.dialect.boolean(true);
    case 'datetime':
    case 'naive-datetime':
      return db.dialect.timestamp(new Date('2025-06-07T08:09:10Z'));
    case 'integer':
    case 'bigint':
      return 1;
    case 'float':
      return 1.5;
    default:
      return 'x';
  }
}
