import type { Connection } from '../../database/connection.ts';
import type { ValueColumn } from '../../database/row-values.ts';
import type { Schema } from '../../schema/model.ts';
import type { Row } from '../document.ts';
import { columnsOf, fieldsOf, type Id, readIds, readRows } from '../read-rows.ts';
import type { ImportType } from './types.ts';

export const columnsHere = (schema: Schema, table: string): ValueColumn[] =>
  columnsOf({ schema, release: '0.7.0' }, table);

/** Uniques of a table over columns of the gateway. */
export function uniquesHere(schema: Schema, table: string): readonly (readonly string[])[] {
  const names = new Set(columnsHere(schema, table).map(({ name }) => name));
  const uniques = schema.get(table)?.uniques.map(({ columns }) => columns) ?? [];
  return uniques.filter((columns) => columns.every((name) => names.has(name)));
}

/** Columns that tell rows apart in one way or another. */
const TELLING = [
  'team_id',
  'owner_email',
  'created_at',
  'gateway_id',
  'original_name',
  'scope_id',
  'scope',
  'role_id',
];
const OF_TEAMS = ['created_by', 'is_personal', 'is_active'];

/** What tells the rows of a type apart, and nothing else of them: that is little, however many there are. */
export function readHere(
  db: Connection,
  schema: Schema,
  { table, key, label, isAccount }: ImportType,
): Promise<Row[]> {
  const uniques = uniquesHere(schema, table).flat();
  const told = new Set([
    key,
    label,
    ...TELLING,
    ...(isAccount ? OF_TEAMS : []),
    ...uniques,
    'slug',
    'uri',
    'user_email',
  ]);
  return readAll(
    db,
    table,
    columnsHere(schema, table).filter(({ name }) => told.has(name)),
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

/** Why a row that another needs is not there: of the whole file, and of what `--prune` takes away here. */
export function absence(
  is: (row: Row) => boolean,
  whole: readonly Row[] = [],
  here: readonly Row[] = [],
): string {
  if (whole.some(is)) return 'is in the file, but not selected (--with-dependencies)';
  return here.some(is) ? 'is here, but --prune would delete it' : 'is neither in the file nor here';
}

/** Rows by a text that is made of each. */
export function grouped(
  rows: readonly Row[],
  key: (row: Row) => string,
): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = key(row);
    const same = groups.get(name);
    if (same === undefined) groups.set(name, [row]);
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
