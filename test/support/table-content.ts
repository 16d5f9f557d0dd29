import { sql } from 'kysely';
import type { Connection } from '../../src/database/connection.ts';
import type { Column, Schema, Table } from '../../src/schema/model.ts';

/** Rows of one table by key and in its order, each value as the database writes it as text. */
export type Rows = ReadonlyMap<string, Readonly<Record<string, string | null>>>;

/** Every row of every table: what a migration must not touch is compared value by value. */
export async function databaseContent(db: Connection, schema: Schema): Promise<ReadonlyMap<string, Rows>> {
  const content = new Map<string, Rows>();
  for (const table of schema.values()) content.set(table.name, await tableContent(db, table));
  return content;
}

export async function tableContent(db: Connection, table: Table): Promise<Rows> {
  const columns = table.columns.map((column) => sql`${asRead(db, column)} AS ${sql.id(column.name)}`);
  const rows = await db.query<Record<string, unknown>>(
    sql`SELECT ${sql.join(columns)} FROM ${sql.id(table.name)}`,
  );
  const keys = table.primaryKey.length > 0 ? table.primaryKey : table.columns.map(({ name }) => name);
  const entries = rows.map((row) => {
    const texts = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asText(value)]));
    return [keys.map((name) => texts[name]).join('\u0000'), texts] as const;
  });
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** PostgreSQL's own text, since its driver parses JSON and times; what has no zone is read as UTC. */
function asRead(db: Connection, { name, kind }: Column) {
  if (db.dialect.name !== 'postgresql') return sql.id(name);
  return kind === 'naive-datetime' ? sql`timezone('UTC', ${sql.id(name)})::text` : sql`${sql.id(name)}::text`;
}

function asText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return value.toString('hex');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
