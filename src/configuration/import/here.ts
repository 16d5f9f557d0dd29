import type { Connection } from '../../database/connection.ts';
import type { ValueColumn } from '../../database/row-values.ts';
import type { Schema } from '../../schema/model.ts';
import type { Row } from '../document.ts';
import type { EntityType } from '../entities.ts';
import { columnsOf, fieldsOf, type Id, readIds, readRows } from '../read-rows.ts';

export const columnsHere = (schema: Schema, table: string): ValueColumn[] =>
  columnsOf({ schema, release: '0.7.0' }, table);

/** Uniques of a table over columns of the gateway. */
export function uniquesHere(schema: Schema, table: string): readonly (readonly string[])[] {
  const names = new Set(columnsHere(schema, table).map(({ name }) => name));
  const uniques = schema.get(table)?.uniques.map(({ columns }) => columns) ?? [];
  return uniques.filter((columns) => columns.every((name) => names.has(name)));
}

/** What tells the rows of a type apart, and nothing else of them: that is little, however many there are. */
export function readHere(db: Connection, schema: Schema, type: EntityType): Promise<Row[]> {
  const told = new Set([
    ...['id', 'team_id', 'owner_email', 'created_at', 'gateway_id', type.label ?? 'id'],
    ...type.naturalKeys.flatMap(({ columns }) => columns),
    ...uniquesHere(schema, type.table).flat(),
  ]);
  return readAll(
    db,
    type.table,
    columnsHere(schema, type.table).filter(({ name }) => told.has(name)),
  );
}

/** @param ids of the rows; all of the table by default */
export async function readAll(
  db: Connection,
  table: string,
  columns: readonly ValueColumn[],
  ids?: readonly Id[],
): Promise<Row[]> {
  const key = columns[0]?.name ?? 'id';
  const wanted = ids ?? (await readIds(db, table, key, null));
  const rows: Row[] = [];
  for await (const some of readRows(db, table, fieldsOf(columns), wanted, key)) rows.push(...some);
  return rows;
}

/** Rows by a text that is made of each. */
export function grouped(
  rows: readonly Row[],
  key: (row: Row) => string,
): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const same = groups.get(key(row));
    if (same === undefined) groups.set(key(row), [row]);
    else same.push(row);
  }
  return groups;
}

/** A function that remembers what it gave for each key. */
export function remembered<T>(make: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}
