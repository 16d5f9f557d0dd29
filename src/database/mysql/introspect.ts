import { sql } from 'kysely';
import { PASSING_TABLES } from '../../schema/gateway-tables.ts';
import type { Column, ColumnKind, Schema, Table } from '../../schema/model.ts';
import type { Connection } from '../connection.ts';

/** A column with what a MODIFY of it must repeat, or the server takes it away. */
export interface MysqlColumn extends Column {
  /** Starts with a blank, or is empty. */
  readonly attributes: string;
}

interface ColumnRow {
  table_name: string;
  column_name: string;
  data_type: string;
  column_type: string;
  nullable: string;
  column_default: string | null;
  extra: string;
  collation_name: string | null;
  comment: string;
}

interface IndexRow {
  table_name: string;
  index_name: string;
  non_unique: number | string;
  column_name: string | null;
  expression: string | null;
}

interface ForeignKeyRow {
  table_name: string;
  name: string;
  column_name: string;
  parent: string;
  parent_column: string;
  delete_rule: string;
}

const KINDS: Readonly<Record<string, ColumnKind>> = {
  varchar: 'string',
  char: 'string',
  text: 'text',
  tinytext: 'text',
  mediumtext: 'text',
  // MariaDB's JSON is a LONGTEXT with a check.
  longtext: 'json',
  json: 'json',
  datetime: 'datetime',
  timestamp: 'datetime',
  int: 'integer',
  mediumint: 'integer',
  smallint: 'integer',
  bigint: 'bigint',
  float: 'float',
  double: 'float',
  decimal: 'float',
  blob: 'blob',
  mediumblob: 'blob',
  longblob: 'blob',
};

function columnFrom(row: ColumnRow, mariadb: boolean, check: string | undefined): MysqlColumn {
  const boolean = row.data_type === 'tinyint';
  const kind = boolean ? 'boolean' : (KINDS[row.data_type] ?? 'unknown');
  const length = kind === 'string' ? /\((\d+)\)/.exec(row.column_type)?.[1] : undefined;
  return {
    name: row.column_name,
    kind,
    length: length === undefined ? null : Number(length),
    unbounded: false,
    nullable: row.nullable === 'YES',
    default: defaultFrom(row, mariadb),
    autoincrement: row.extra.toLowerCase().includes('auto_increment'),
    type: row.column_type,
    collation: row.collation_name,
    fill: null,
    attributes:
      (row.comment === '' ? '' : ` COMMENT '${row.comment.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`) +
      (/\bINVISIBLE\b/i.test(row.extra) ? ' INVISIBLE' : '') +
      (/\bon update \S+/i.exec(row.extra)?.[0].replace(/^/, ' ') ?? '') +
      (check === undefined ? '' : ` CHECK (${check})`),
  };
}

/** MariaDB writes a default as an expression (`'private'`), MySQL writes the bare value of a constant. */
function defaultFrom(row: ColumnRow, mariadb: boolean): string | null {
  const { column_default: value } = row;
  if (value === null || (mariadb && value === 'NULL')) return null;
  if (mariadb || row.extra.includes('DEFAULT_GENERATED') || /^-?\d+(\.\d+)?$/.test(value)) return value;
  return `'${value.replaceAll("'", "''")}'`;
}

/** Every name is aliased: MySQL answers with upper-case names, MariaDB as written. */
export async function readMysqlSchema(db: Connection, mariadb: boolean): Promise<Schema> {
  const columns = await db.query<ColumnRow>(sql`
    SELECT c.TABLE_NAME AS table_name, c.COLUMN_NAME AS column_name, c.DATA_TYPE AS data_type,
           c.COLUMN_TYPE AS column_type, c.IS_NULLABLE AS nullable, c.COLUMN_DEFAULT AS column_default,
           c.EXTRA AS extra, c.COLLATION_NAME AS collation_name, c.COLUMN_COMMENT AS comment
    FROM information_schema.COLUMNS c
    JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
    WHERE c.TABLE_SCHEMA = database() AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
      AND t.TABLE_NAME NOT IN (${sql.join(PASSING_TABLES)})
    ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`);
  const indexes = await db.query<IndexRow>(sql`
    SELECT TABLE_NAME AS table_name, INDEX_NAME AS index_name, NON_UNIQUE AS non_unique,
           COLUMN_NAME AS column_name, ${sql.raw(mariadb ? 'NULL' : 'EXPRESSION')} AS expression
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = database()
    ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`);
  const foreignKeys = await db.query<ForeignKeyRow>(sql`
    SELECT k.TABLE_NAME AS table_name, k.CONSTRAINT_NAME AS name, k.COLUMN_NAME AS column_name,
           k.REFERENCED_TABLE_NAME AS parent, k.REFERENCED_COLUMN_NAME AS parent_column,
           r.DELETE_RULE AS delete_rule
    FROM information_schema.KEY_COLUMN_USAGE k
    JOIN information_schema.REFERENTIAL_CONSTRAINTS r
      ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
      AND r.TABLE_NAME = k.TABLE_NAME
    WHERE k.TABLE_SCHEMA = database() AND k.REFERENCED_TABLE_NAME IS NOT NULL
    ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`);
  const checks = await db.query<{ table_name: string; name: string }>(sql`
    SELECT TABLE_NAME AS table_name, CONSTRAINT_NAME AS name FROM information_schema.TABLE_CONSTRAINTS
    WHERE TABLE_SCHEMA = database() AND CONSTRAINT_TYPE = 'CHECK'`);

  const columnChecks = mariadb ? await readColumnChecks(db) : new Map<string, string>();

  const draft = new Map<string, { -readonly [K in keyof Table]: Table[K] }>();
  for (const row of columns) {
    const table = draft.get(row.table_name) ?? {
      name: row.table_name,
      columns: [],
      primaryKey: [],
      uniques: [],
      indexes: [],
      foreignKeys: [],
      checks: [],
    };
    table.columns = [
      ...table.columns,
      columnFrom(row, mariadb, columnChecks.get(`${row.table_name}.${row.column_name}`)),
    ];
    draft.set(row.table_name, table);
  }
  const parts = new Map<string, { row: IndexRow; columns: string[] }>();
  for (const row of indexes) {
    const key = `${row.table_name}\n${row.index_name}`;
    const known = parts.get(key) ?? { row, columns: [] };
    // A functional key part stands for the column it hashes (see the unique on `gateways.url`).
    known.columns.push(row.column_name ?? /`([^`]+)`/.exec(row.expression ?? '')?.[1] ?? '');
    parts.set(key, known);
  }
  for (const { row, columns: names } of parts.values()) {
    const table = draft.get(row.table_name);
    if (table === undefined) continue;
    if (row.index_name === 'PRIMARY') table.primaryKey = names;
    else if (Number(row.non_unique) === 0) {
      table.uniques = [...table.uniques, { name: row.index_name, columns: names, constraint: true }];
    } else table.indexes = [...table.indexes, { name: row.index_name, columns: names }];
  }
  for (const row of foreignKeys) {
    const table = draft.get(row.table_name);
    if (table === undefined) continue;
    const onDelete = row.delete_rule === 'CASCADE' || row.delete_rule === 'SET NULL' ? row.delete_rule : null;
    table.foreignKeys = [
      ...table.foreignKeys,
      { name: row.name, column: row.column_name, table: row.parent, references: row.parent_column, onDelete },
    ];
  }
  for (const row of checks) {
    const table = draft.get(row.table_name);
    if (table !== undefined) table.checks = [...table.checks, { name: row.name, expression: null }];
  }
  return draft;
}

/**
 * MariaDB knows checks of a column, which bear its name and go with its definition: that of JSON columns is
 * one. MySQL makes all of them checks of the table.
 */
async function readColumnChecks(db: Connection): Promise<ReadonlyMap<string, string>> {
  const rows = await db.query<{ table_name: string; column_name: string; clause: string }>(sql`
    SELECT TABLE_NAME AS table_name, CONSTRAINT_NAME AS column_name, CHECK_CLAUSE AS clause
    FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = database() AND LEVEL = 'Column'`);
  return new Map(rows.map((row) => [`${row.table_name}.${row.column_name}`, row.clause]));
}
