import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';
import type { ValueColumn } from '../../database/row-values.ts';
import type { Value } from '../../database/value.ts';
import { releaseSchema } from '../../migrate/release-schema.ts';
import { columnOf, type Schema } from '../../schema/model.ts';
import type { Row } from '../document.ts';
import type { EntityType } from '../entities.ts';

/** Rows are read so many at a time. */
const PAGE = 1_000;

/** The columns of a table that are the gateway's and are here, of the kind it takes them for and the type they have. */
export function columnsHere(schema: Schema, table: string): readonly ValueColumn[] {
  const wanted = releaseSchema('0.7.0').get(table)?.columns ?? [];
  return wanted.flatMap(({ name, kind }) => {
    const here = columnOf(schema.get(table), name);
    return here === undefined ? [] : [{ name, kind, type: here.type, nullable: here.nullable }];
  });
}

/** Uniques of a table over columns of the gateway. */
export function uniquesHere(schema: Schema, table: string): readonly (readonly string[])[] {
  const names = new Set(columnsHere(schema, table).map(({ name }) => name));
  const uniques = schema.get(table)?.uniques.map(({ columns }) => columns) ?? [];
  return uniques.filter((columns) => columns.every((name) => names.has(name)));
}

/** What tells the rows of a type apart, and nothing else of them: that is little, however many there are. */
export function readKeys(db: Connection, schema: Schema, type: EntityType): Promise<Row[]> {
  const told = new Set([
    'id',
    ...(type.label === null ? [] : [type.label]),
    ...(type.owned ? ['team_id', 'owner_email', 'created_at', 'gateway_id'] : []),
    ...type.naturalKeys.flatMap(({ columns }) => columns),
    ...uniquesHere(schema, type.table).flat(),
  ]);
  const columns = columnsHere(schema, type.table).filter(({ name }) => told.has(name));
  return readAll(db, type.table, columns);
}

async function readAll(db: Connection, table: string, columns: readonly ValueColumn[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const last = rows.at(-1)?.id;
    const after = last === undefined ? sql`` : sql` WHERE id > ${last}`;
    const page = await read(db, table, columns, sql`${after} ORDER BY id LIMIT ${sql.lit(PAGE)}`);
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
}

/** Rows by the values of one column, of which there may be many. */
export async function readRows(
  db: Connection,
  table: string,
  columns: readonly ValueColumn[],
  [key, values]: readonly [column: string, values: readonly Value[]],
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let from = 0; from < values.length; from += PAGE) {
    const some = sql.join(values.slice(from, from + PAGE));
    rows.push(...(await read(db, table, columns, sql` WHERE ${sql.ref(key)} IN (${some})`)));
  }
  return rows;
}

/** All rows of a table that is small on every gateway. */
export function readTable(
  db: Connection,
  schema: Schema,
  table: string,
  names: readonly string[],
): Promise<Row[]> {
  const columns = columnsHere(schema, table).filter(({ name }) => names.includes(name));
  return read(db, table, columns, sql``);
}

async function read(
  db: Connection,
  table: string,
  columns: readonly ValueColumn[],
  rest: ReturnType<typeof sql>,
): Promise<Row[]> {
  const { values, quote } = db.dialect;
  const list = columns.map((column) => sql.raw(`${values.read(column)} AS ${quote(column.name)}`));
  const found = await db.query<Record<string, unknown>>(
    sql`SELECT ${sql.join(list)} FROM ${sql.table(table)}${rest}`,
  );
  return found.map((row) =>
    Object.fromEntries(columns.map((column) => [column.name, values.fromRow(column, row[column.name])])),
  );
}
