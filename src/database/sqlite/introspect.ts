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

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly tbl_name: string;
  readonly sql: string | null;
}

interface OfTable {
  readonly of_table: string;
}

interface ColumnRow extends OfTable {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

interface IndexRow extends OfTable {
  readonly index_name: string;
  readonly unique: number;
  readonly origin: string;
  readonly partial: number;
  readonly column_name: string | null;
}

interface ForeignKeyRow extends OfTable {
  readonly from: string;
  readonly table: string;
  readonly to: string | null;
  readonly on_delete: string;
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

/** Groups rows, in the order they came. */
function groups<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const group = found.get(keyOf(row));
    if (group === undefined) found.set(keyOf(row), [row]);
    else group.push(row);
  }
  return found;
}

/** Reads every table in four queries, however many tables there are. */
export async function readSqliteSchema(db: Connection): Promise<Schema> {
  const objects = await db.query<SchemaRow>(
    sql`SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY rowid`,
  );
  const ofTables = async <Row extends OfTable>(columns: string, pragmas: string, order: string) =>
    groups(
      await db.query<Row>(sql`
        SELECT m.name AS of_table, ${sql.raw(columns)} FROM sqlite_schema m, ${sql.raw(pragmas)}
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.rowid, ${sql.raw(order)}`),
      (row) => row.of_table,
    );
  const columns = await ofTables<ColumnRow>('c.*', 'pragma_table_info(m.name) c', 'c.cid');
  const indexes = await ofTables<IndexRow>(
    'l.name AS index_name, l."unique", l.origin, l.partial, i.name AS column_name',
    'pragma_index_list(m.name) l, pragma_index_info(l.name) i',
    'l.seq DESC, i.seqno',
  );
  const foreignKeys = await ofTables<ForeignKeyRow>('f.*', 'pragma_foreign_key_list(m.name) f', 'f.id DESC');
  const schema = new Map<string, Table>();
  for (const { type, name, sql: create } of objects) {
    if (type !== 'table' || create === null || /^CREATE VIRTUAL/i.test(create)) continue;
    const text = parseTableSql(create);
    const rows = columns.get(name) ?? [];
    const key = rows.filter((row) => row.pk > 0).toSorted((a, b) => a.pk - b.pk);
    const own = (kind: string) => objects.filter((each) => each.type === kind && each.tbl_name === name);
    const table: SqliteTable = {
      name,
      columns: rows.map((row) => columnFrom(row, key.length === 1)),
      primaryKey: key.map((row) => row.name),
      ...indexesFrom(indexes.get(name) ?? [], text),
      foreignKeys: (foreignKeys.get(name) ?? []).map((row) => ({
        name: null,
        column: row.from,
        table: row.table,
        references: row.to ?? '',
        onDelete: row.on_delete === 'CASCADE' || row.on_delete === 'SET NULL' ? row.on_delete : null,
      })),
      checks: checksOf(text),
      extras: own('trigger').map((trigger) => ({
        kind: 'trigger',
        name: trigger.name,
        rejects: REFUSES.test(trigger.sql ?? ''),
      })),
      text,
      indexSql: new Map(
        own('index').flatMap((index) => (index.sql === null ? [] : [[index.name, index.sql]])),
      ),
      triggerSql: own('trigger').map((trigger) => trigger.sql ?? ''),
    };
    schema.set(name, table);
  }
  return schema;
}

/** The indexes of a table but the one of its key; `PARTLY` stands for what is no plain column, or not all rows. */
function indexesFrom(rows: readonly IndexRow[], text: TableSql): Pick<Table, 'uniques' | 'indexes'> {
  const uniques: Table['uniques'][number][] = [];
  const plain: Table['indexes'][number][] = [];
  for (const [name, parts] of groups(rows, (row) => row.index_name)) {
    const first = parts[0];
    if (first === undefined || first.origin === 'pk') continue;
    const columns = parts.map((part) => part.column_name ?? PARTLY);
    if (first.partial === 1) columns.push(PARTLY);
    const constraint = first.origin === 'u';
    if (first.unique !== 1) plain.push({ name, columns });
    else uniques.push({ name: constraint ? constraintName(text, columns) : name, columns, constraint });
  }
  return { uniques, indexes: plain };
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
