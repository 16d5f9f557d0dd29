import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Connection } from './connection.ts';
import type { Statement } from './statement.ts';

/** Values by column. A `Date` and a boolean are written as the gateway writes them on this database. */
export type Row = Readonly<Record<string, unknown>>;

/** A value that no dry run shows. */
export class Secret {
  readonly value: string;

  constructor(value: string) {
    this.value = value;
  }
}

/** Below what each database takes in one statement: SQLite 32,766, PostgreSQL 65,535. */
const MOST_PARAMETERS = 30_000;
const MOST_ROWS = 1_000;

/** Ids of teams and memberships are UUIDs without hyphens (`randomUUID` makes all others). */
export const hexId = (): string => randomUUID().replaceAll('-', '');

/** Puts in a row. */
export const insertRow = (db: Connection, table: string, row: Row): Statement => insertAll(db, table, [row]);

/** Puts in rows that all have the columns of the first; many to a statement, none for no rows. */
export function insertRows(db: Connection, table: string, rows: readonly Row[]): Statement[] {
  const columns = Object.keys(rows[0] ?? {}).length;
  return chunks(rows, columns).map((some) => insertAll(db, table, some));
}

/**
 * Sets columns of the rows with these keys.
 *
 * @param key column by which rows are found, and its values; none for no values
 */
export function updateRows(
  db: Connection,
  table: string,
  [key, values]: readonly [column: string, values: readonly unknown[]],
  set: Row,
): Statement[] {
  const columns = sql.join(
    Object.entries(set).map(([name, value]) => sql`${sql.ref(name)} = ${bound(db, value)}`),
  );
  const kept = sql.raw(db.dialect.kept(table));
  return chunks(values, 1).map((some) =>
    written(
      db,
      table,
      sql`UPDATE ${sql.table(table)} SET ${columns}${kept}
      WHERE ${sql.ref(key)} IN (${sql.join(some.map((value) => bound(db, value)))})`,
      Object.values(set),
    ),
  );
}

/** Deletes the rows with these keys; nothing for no values. */
export function deleteRows(
  db: Connection,
  table: string,
  [key, values]: readonly [column: string, values: readonly unknown[]],
): Statement[] {
  return chunks(values, 1).map((some) =>
    written(db, table, sql`DELETE FROM ${sql.table(table)} WHERE ${sql.ref(key)} IN (${sql.join(some)})`),
  );
}

/** A statement that writes rows of a table, for what the others here do not do. */
export function written(
  db: Connection,
  table: string,
  query: RawBuilder<unknown>,
  values: readonly unknown[] = [],
): Statement {
  const secrets = values.flatMap((value, place) => (value instanceof Secret ? [place] : []));
  return {
    ...db.compile(query),
    counts: 'written',
    table,
    ...(secrets.length === 0 ? {} : { secrets: new Set(secrets) }),
  };
}

function insertAll(db: Connection, table: string, rows: readonly Row[]): Statement {
  const columns = Object.keys(rows[0] ?? {});
  const values = rows.map((row) => columns.map((name) => row[name] ?? null));
  const lists = values.map((list) => sql`(${sql.join(list.map((value) => bound(db, value)))})`);
  const into = sql.join(columns.map((name) => sql.ref(name)));
  return written(
    db,
    table,
    sql`INSERT INTO ${sql.table(table)} (${into}) VALUES ${sql.join(lists)}`,
    values.flat(),
  );
}

function bound({ dialect }: Connection, value: unknown): unknown {
  if (value instanceof Secret) return value.value;
  if (value instanceof Date) return dialect.timestamp(value);
  return typeof value === 'boolean' ? dialect.boolean(value) : value;
}

function chunks<T>(items: readonly T[], parametersOfEach: number): T[][] {
  const size = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_PARAMETERS / Math.max(1, parametersOfEach))));
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
