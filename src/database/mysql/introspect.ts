import { sql } from 'kysely';
import { PASSING_TABLES } from '../../schema/gateway-tables.ts';
import {
  type Column,
  type ColumnKind,
  type Extra,
  PARTLY,
  type Schema,
  type Table,
} from '../../schema/model.ts';
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
  first_characters: number | null;
}

interface ForeignKeyRow {
  table_name: string;
  name: string;
  column_name: string;
  parent: string;
  parent_column: string;
  /** NULL where this user may not see it. */
  delete_rule: string | null;
}

export const MYSQL_KINDS: Readonly<Record<string, ColumnKind>> = {
  varchar: 'string',
  char: 'string',
  text: 'text',
  mediumtext: 'text',
  // MariaDB's JSON is a LONGTEXT with a check.
  longtext: 'json',
  json: 'json',
  datetime: 'datetime',
  timestamp: 'datetime',
  int: 'integer',
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
  const kind = boolean ? 'boolean' : (MYSQL_KINDS[row.data_type] ?? 'other');
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
    generated: / GENERATED$/i.test(row.extra),
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

export interface CheckRow {
  table_name: string;
  name: string;
  /** Empty for one that is not enforced. */
  expression: string;
  level: string;
}

/** Checks of tables and, on MariaDB, of columns. */
export function mysqlChecks(mariadb: boolean): string {
  return mariadb
    ? `SELECT TABLE_NAME AS table_name, CONSTRAINT_NAME AS name, CHECK_CLAUSE AS expression, LEVEL AS level
       FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = database()`
    : `SELECT t.TABLE_NAME AS table_name, t.CONSTRAINT_NAME AS name, 'Table' AS level,
         CASE t.ENFORCED WHEN 'YES' THEN c.CHECK_CLAUSE ELSE '' END AS expression
       FROM information_schema.TABLE_CONSTRAINTS t JOIN information_schema.CHECK_CONSTRAINTS c
         ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME
       WHERE t.TABLE_SCHEMA = database() AND t.CONSTRAINT_TYPE = 'CHECK'`;
}

/** Triggers (see `Extra`), as far as the user may see them. */
export const MYSQL_TRIGGERS = `
  SELECT EVENT_OBJECT_TABLE AS table_name, 'trigger' AS kind, TRIGGER_NAME AS name,
         CASE WHEN ACTION_STATEMENT LIKE '%SIGNAL%' THEN 1 ELSE 0 END AS rejects
  FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = database()`;

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
           COLUMN_NAME AS column_name, ${sql.raw(mariadb ? 'NULL' : 'EXPRESSION')} AS expression,
           SUB_PART AS first_characters
    FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = database()
    ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`);
  const foreignKeys = await db.query<ForeignKeyRow>(sql`
    SELECT k.TABLE_NAME AS table_name, k.CONSTRAINT_NAME AS name, k.COLUMN_NAME AS column_name,
           k.REFERENCED_TABLE_NAME AS parent, k.REFERENCED_COLUMN_NAME AS parent_column,
           r.DELETE_RULE AS delete_rule
    FROM information_schema.KEY_COLUMN_USAGE k
    LEFT JOIN information_schema.REFERENTIAL_CONSTRAINTS r
      ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME
      AND r.TABLE_NAME = k.TABLE_NAME
    WHERE k.TABLE_SCHEMA = database() AND k.REFERENCED_TABLE_NAME IS NOT NULL
    ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION`);
  const seen = await db.query<CheckRow>(sql`${sql.raw(mysqlChecks(mariadb))}`);
  // Every JSON column has a check there: none at all is none that this user may see.
  const isHidden = mariadb && (seen.length === 0 || foreignKeys.some((key) => key.delete_rule === null));
  const shown = isHidden
    ? await readShownConstraints(db, new Set(columns.map((column) => column.table_name)))
    : null;
  const checks = shown?.checks ?? seen;
  const extras = await db.query<Extra & { table_name: string }>(sql`${sql.raw(MYSQL_TRIGGERS)}`);

  // MariaDB knows checks of a column, which bear its name and go with its definition: that of JSON columns is one.
  const columnChecks = new Map(
    checks.filter((c) => c.level === 'Column').map((c) => [`${c.table_name}.${c.name}`, c.expression]),
  );

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
      extras: extras
        .filter((extra) => extra.table_name === row.table_name)
        .map(({ kind, name, rejects }) => ({ kind, name, rejects: Number(rejects) === 1 })),
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
    const hashed = /^sha2\(`([^`]+)`,256\)$/.exec(row.expression ?? '')?.[1];
    known.columns.push(row.column_name ?? hashed ?? PARTLY);
    if (Number(row.non_unique) === 0 && row.first_characters !== null) known.columns.push(PARTLY);
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
    const rule = row.delete_rule ?? shown?.deleteRules.get(`${row.table_name}.${row.name}`);
    const onDelete = rule === 'CASCADE' || rule === 'SET NULL' ? rule : null;
    table.foreignKeys = [
      ...table.foreignKeys,
      { name: row.name, column: row.column_name, table: row.parent, references: row.parent_column, onDelete },
    ];
  }
  for (const row of checks) {
    const table = draft.get(row.table_name);
    if (table !== undefined) table.checks = [...table.checks, row];
  }
  return draft;
}

/** Whether the database has a table of this name. */
export async function isThere(db: Connection, table: string): Promise<boolean> {
  const [there] = await db.query(
    sql`SELECT 1 AS there FROM information_schema.TABLES
        WHERE TABLE_SCHEMA = database() AND TABLE_NAME = ${table}`,
  );
  return there !== undefined;
}

/** What stands in SHOW CREATE TABLE. */
export interface ShownConstraints {
  readonly checks: readonly CheckRow[];
  /** What else than nothing a foreign key does when its row goes, by `table.name`. */
  readonly deleteRules: ReadonlyMap<string, string>;
}

const NAME = '`((?:[^`]|``)+)`';
const FOREIGN_KEY = new RegExp(
  `^  CONSTRAINT ${NAME} FOREIGN KEY .* ON DELETE (CASCADE|SET NULL)(?: ON UPDATE [A-Z ]+)?,?$`,
);
const CHECK = new RegExp(`^  CONSTRAINT ${NAME} CHECK \\((.*)\\),?$`);
const COLUMN_CHECK = new RegExp(`^  ${NAME} .* CHECK \\((.*)\\),?$`);

/**
 * MariaDB keeps in information_schema the rules of foreign keys from users who may only read, and the checks from
 * users whose rights are on single tables. This shows both to whoever may read the table, a line each.
 */
export async function readShownConstraints(
  db: Connection,
  tables: Iterable<string>,
): Promise<ShownConstraints> {
  const checks: CheckRow[] = [];
  const deleteRules = new Map<string, string>();
  for (const table of tables) {
    const [shown] = await db.query<Record<string, string>>(sql`SHOW CREATE TABLE ${sql.id(table)}`);
    for (const line of (shown?.['Create Table'] ?? '').split('\n')) {
      const part = (pattern: RegExp) => pattern.exec(line)?.slice(1).map(String);
      const [key, rule] = part(FOREIGN_KEY) ?? [];
      if (key !== undefined && rule !== undefined) deleteRules.set(`${table}.${unquoted(key)}`, rule);
      for (const [level, pattern] of [
        ['Table', CHECK],
        ['Column', COLUMN_CHECK],
      ] as const) {
        const [name, expression] = part(pattern) ?? [];
        if (name === undefined || expression === undefined) continue;
        checks.push({ table_name: table, name: unquoted(name), expression, level });
      }
    }
  }
  return { checks, deleteRules };
}

const unquoted = (name: string) => name.replaceAll('``', '`');
