import { sql } from 'kysely';
import {
  type Check,
  type Column,
  type ColumnKind,
  PARTLY,
  type Schema,
  type Table,
} from '../../schema/model.ts';
import type { Connection } from '../connection.ts';
import { type ColumnItem, type ConstraintItem, parseTableSql, type TableSql } from './table-sql.ts';

/** A table with what a rebuild needs to bring back: its own text, its indexes and its triggers. */
export interface SqliteTable extends Table {
  readonly text: TableSql;
  readonly indexSql: ReadonlyMap<string, string>;
  readonly triggerSql: readonly string[];
}

interface Objects {
  type: string;
  name: string;
  tbl_name: string;
  sql: string | null;
}

interface ColumnRow {
  table_name: string;
  name: string;
  type: string;
  notnull: number;
  dflt_value: string | null;
  pk: number;
}

interface IndexRow {
  table_name: string;
  index_name: string;
  unique: number;
  origin: string;
  partial: number;
  column_name: string | null;
}

interface ForeignKeyRow {
  table_name: string;
  column_name: string;
  parent: string;
  parent_column: string | null;
  on_delete: string;
}

/** SQLite knows no types but affinities: what counts is the declared name, and the first of these that it has. */
export const SQLITE_KINDS: Readonly<Record<string, ColumnKind>> = {
  CHAR: 'string',
  CLOB: 'string',
  TEXT: 'text',
  JSON: 'json',
  BOOL: 'boolean',
  DATETIME: 'datetime',
  TIMESTAMP: 'datetime',
  BIGINT: 'bigint',
  INT: 'integer',
  FLOA: 'float',
  REAL: 'float',
  DOUB: 'float',
  BLOB: 'blob',
};

export function kindOf(type: string): ColumnKind {
  const name = type.toUpperCase();
  return Object.entries(SQLITE_KINDS).find(([part]) => name.includes(part))?.[1] ?? 'unknown';
}

function lengthOf(type: string): number | null {
  const length = /\((\d+)\)/.exec(type)?.[1];
  return length === undefined ? null : Number(length);
}

function columnFrom(row: ColumnRow, onlyKey: boolean): Column {
  // Only `INTEGER PRIMARY KEY`, spelled so, is the rowid: it counts up by itself and has 64 bits.
  const rowid = onlyKey && row.pk === 1 && row.type.toUpperCase() === 'INTEGER';
  const kind = rowid ? 'bigint' : kindOf(row.type);
  return {
    name: row.name,
    kind,
    length: lengthOf(row.type),
    unbounded: kind === 'string' && lengthOf(row.type) === null,
    nullable: row.notnull === 0 && row.pk === 0,
    default: row.dflt_value,
    autoincrement: rowid,
    type: row.type,
    collation: null,
    fill: null,
  };
}

/** Groups rows by their table, in the order they came. */
function byTable<Row extends { table_name: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const rowsOfTable = groups.get(row.table_name);
    if (rowsOfTable === undefined) groups.set(row.table_name, [row]);
    else rowsOfTable.push(row);
  }
  return groups;
}

/** Reads every table in four queries, however many tables there are. */
export async function readSqliteSchema(db: Connection): Promise<Schema> {
  const objects = await db.query<Objects>(
    sql`SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY rowid`,
  );
  const columns = byTable(
    await db.query<ColumnRow>(sql`
      SELECT m.name AS table_name, c.name, c.type, c."notnull", c.dflt_value, c.pk
      FROM sqlite_schema m, pragma_table_info(m.name) c
      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.rowid, c.cid`),
  );
  const indexes = byTable(
    await db.query<IndexRow>(sql`
      SELECT m.name AS table_name, l.name AS index_name, l."unique", l.origin, l.partial, i.name AS column_name
      FROM sqlite_schema m, pragma_index_list(m.name) l, pragma_index_info(l.name) i
      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.rowid, l.seq DESC, i.seqno`),
  );
  const foreignKeys = byTable(
    await db.query<ForeignKeyRow>(sql`
      SELECT m.name AS table_name, f."from" AS column_name, f."table" AS parent, f."to" AS parent_column,
             f.on_delete
      FROM sqlite_schema m, pragma_foreign_key_list(m.name) f
      WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.rowid, f.id DESC`),
  );
  const schema = new Map<string, Table>();
  for (const object of objects) {
    if (object.type !== 'table' || object.sql === null || /^CREATE VIRTUAL/i.test(object.sql)) continue;
    const text = parseTableSql(object.sql);
    const rows = columns.get(object.name) ?? [];
    const key = rows.filter((row) => row.pk > 0).toSorted((a, b) => a.pk - b.pk);
    const indexColumns = new Map<string, IndexRow[]>();
    for (const row of indexes.get(object.name) ?? []) {
      const known = indexColumns.get(row.index_name);
      if (known === undefined) indexColumns.set(row.index_name, [row]);
      else known.push(row);
    }
    const uniques: Table['uniques'][number][] = [];
    const plain: Table['indexes'][number][] = [];
    for (const [name, parts] of indexColumns) {
      const first = parts[0];
      if (first === undefined || first.origin === 'pk') continue;
      const partly = first.partial === 1 ? [PARTLY] : [];
      const names = [...parts.map((part) => part.column_name ?? PARTLY), ...partly];
      if (first.unique === 1) {
        const constraint = first.origin === 'u';
        uniques.push({
          name: constraint ? constraintName(text, names) : name,
          columns: names,
          constraint,
        });
      } else plain.push({ name, columns: names });
    }
    const table: SqliteTable = {
      name: object.name,
      columns: rows.map((row) => columnFrom(row, key.length === 1)),
      primaryKey: key.map((row) => row.name),
      uniques,
      indexes: plain,
      foreignKeys: (foreignKeys.get(object.name) ?? []).map((row) => ({
        name: null,
        column: row.column_name,
        table: row.parent,
        references: row.parent_column ?? '',
        onDelete: row.on_delete === 'CASCADE' || row.on_delete === 'SET NULL' ? row.on_delete : null,
      })),
      checks: checksOf(text),
      extras: objects
        .filter((o) => o.type === 'trigger' && o.tbl_name === object.name)
        .map((o) => ({ kind: 'trigger', name: o.name, rejects: REFUSES.test(o.sql ?? '') })),
      text,
      indexSql: new Map(
        objects
          .filter((o) => o.type === 'index' && o.tbl_name === object.name && o.sql !== null)
          .map((o) => [o.name, o.sql ?? '']),
      ),
      triggerSql: objects
        .filter((o) => o.type === 'trigger' && o.tbl_name === object.name)
        .map((o) => o.sql ?? ''),
    };
    schema.set(object.name, table);
  }
  return schema;
}

/** The name of the UNIQUE constraint on just these columns; null when it has none. */
function constraintName(text: TableSql, columns: readonly string[]): string | null {
  const item = text.items.find(
    (i): i is ConstraintItem =>
      i.kind === 'constraint' && i.keyword === 'UNIQUE' && i.columns.join() === columns.join(),
  );
  if (item !== undefined) return item.name;
  const inline = text.items.find((i): i is ColumnItem => i.kind === 'column' && i.name === columns[0]);
  return inline?.clauses.find((clause) => clause.keyword === 'UNIQUE')?.name ?? null;
}

/** What a trigger does to turn a row away. */
const REFUSES = /\braise\s*\(/i;
/** The same for SQL. */
export const SQL_REFUSES = "replace(sql, ' ', '') LIKE '%raise(%'";

/** Checks of the table and of its columns. */
export function checksOf(text: TableSql): Check[] {
  return text.items
    .flatMap((item) => (item.kind === 'column' ? item.clauses : [item]))
    .filter(({ keyword }) => keyword === 'CHECK')
    .map(({ name, text: clause }) => ({
      name: name ?? '',
      expression: clause.slice(clause.indexOf('(') + 1, clause.lastIndexOf(')')),
    }));
}
