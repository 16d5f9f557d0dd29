import { type AddedColumn, type RowValue, type TableChanges, withChanges } from '../../schema/changed.ts';
import { type Check, type Column, type ForeignKey, sameColumnSet, type Table } from '../../schema/model.ts';
import type { Change } from '../dialect.ts';
import { type Statement, statement } from '../statement.ts';
import type { SqliteTable } from './introspect.ts';
import {
  type Item,
  parseTableSql,
  quoteName,
  renderTableSql,
  type TableSql,
  withClause,
  withoutClause,
} from './table-sql.ts';

/** The name of a table while it is being rebuilt; it never outlives the transaction. */
const REBUILT = 'mcpgw_rebuilt_';

/** Spells a described column's type as the gateway does. */
function typeName(column: Column): string {
  switch (column.kind) {
    case 'string':
      return column.unbounded || column.length === null ? 'VARCHAR' : `VARCHAR(${column.length})`;
    case 'text':
      return 'TEXT';
    case 'json':
      return 'JSON';
    case 'boolean':
      return 'BOOLEAN';
    case 'datetime':
    case 'naive-datetime':
      return 'DATETIME';
    // A BIGINT primary key is no rowid and rejects every insert without an id (COMPATIBILITY §2).
    case 'bigint':
      return column.autoincrement ? 'INTEGER' : 'BIGINT';
    case 'integer':
      return 'INTEGER';
    case 'float':
      return 'FLOAT';
    case 'blob':
      return 'BLOB';
    case 'other':
    case 'unknown':
      return column.type;
  }
}

function columnSql(column: Column): string {
  const rest = column.default === null ? '' : ` DEFAULT ${column.default}`;
  return `${column.name} ${column.type === '' ? typeName(column) : column.type}${rest}${column.nullable ? '' : ' NOT NULL'}`;
}

const list = (columns: readonly string[]) => columns.join(', ');

function foreignKeySql(key: ForeignKey): string {
  const action = key.onDelete === null ? '' : ` ON DELETE ${key.onDelete}`;
  return `FOREIGN KEY(${key.column}) REFERENCES ${key.table} (${key.references})${action}`;
}

const uniqueSql = (unique: Table['uniques'][number]) =>
  `${unique.name === null ? '' : `CONSTRAINT ${unique.name} `}UNIQUE (${list(unique.columns)})`;
const checkSql = (check: Check) => `CONSTRAINT ${check.name} CHECK (${check.expression})`;
const indexSql = (table: string, index: Table['indexes'][number]) =>
  `CREATE INDEX ${index.name} ON ${table} (${list(index.columns)})`;

export function createSqliteTable(table: Table): Change {
  const lines = [
    ...table.columns.map(columnSql),
    `PRIMARY KEY (${list(table.primaryKey)})`,
    ...table.uniques.map(uniqueSql),
    ...table.foreignKeys.map(foreignKeySql),
    ...table.checks.map(checkSql),
  ];
  const create = `CREATE TABLE ${table.name} (\n  ${lines.join(',\n  ')}\n)`;
  const indexes = table.indexes.map((index) => [index.name, indexSql(table.name, index)] as const);
  const made: SqliteTable = {
    ...table,
    text: parseTableSql(create),
    indexSql: new Map(indexes),
    triggerSql: [],
  };
  return {
    statements: [create, ...indexes.map(([, text]) => text)].map((text) => statement(text)),
    table: made,
  };
}

/** What `changes` needs a rebuild for; indexes alone are made and dropped in place. */
function needsRebuild(changes: TableChanges): boolean {
  const { addIndexes: _, dropIndexes: __, ...rest } = changes;
  return Object.values(rest).some((part) => (part?.length ?? 0) > 0);
}

export function changeSqliteTable(table: Table, changes: TableChanges): Change {
  const before = table as SqliteTable;
  const after = withChanges(before, changes);
  const dropped = new Set(changes.dropIndexes ?? []);
  const added = (changes.addIndexes ?? []).map((index) => [index.name, indexSql(table.name, index)] as const);
  if (!needsRebuild(changes)) {
    const kept = [...before.indexSql].filter(([name]) => !dropped.has(name));
    return {
      statements: [
        ...[...dropped].map((name) => ({
          ...statement(`DROP INDEX ${quoteName(name)}`),
          effect: { table: table.name, kind: 'metadata' as const },
        })),
        ...added.map(([, text]) => indexStatement(table.name, text)),
      ],
      table: { ...before, ...after, indexSql: new Map([...kept, ...added]) } as SqliteTable,
    };
  }
  const text = editedText(before.text, changes, after);
  // A bare unique index on columns whose unique goes is not brought back.
  const goneUniques = new Set(
    before.uniques
      .filter(
        (u) => !u.constraint && changes.dropUniques?.some((columns) => sameColumnSet(columns, u.columns)),
      )
      .map((u) => u.name),
  );
  const kept = [...before.indexSql].filter(([name]) => !dropped.has(name) && !goneUniques.has(name));
  const indexes = new Map([...kept, ...added]);
  const rebuilt = REBUILT + table.name;
  return {
    statements: [
      statement(renderTableSql(rebuilt, text)),
      { ...copyRows(before, after, changes, rebuilt), effect: { table: table.name, kind: 'rebuild' } },
      statement(`DROP TABLE ${quoteName(table.name)}`),
      statement(`ALTER TABLE ${quoteName(rebuilt)} RENAME TO ${quoteName(table.name)}`),
      ...[...indexes.values()].map((text) => indexStatement(table.name, text)),
      ...before.triggerSql.map((text) => statement(text)),
    ],
    table: { ...before, ...after, text, indexSql: indexes } as SqliteTable,
  };
}

function indexStatement(table: string, text: string): Statement {
  return { ...statement(text), effect: { table, kind: 'index' } };
}

/** `INSERT … SELECT` of every row, with the final value of each column that arrives or is filled. */
function copyRows(before: Table, after: Table, changes: TableChanges, into: string): Statement {
  const added = new Map((changes.addColumns ?? []).map((a) => [a.column.name, a]));
  const fills = new Map((changes.fills ?? []).map((fill) => [fill.column, fill.value]));
  const parameters: unknown[] = [];
  const expressions = after.columns.map((column) => {
    const arriving = added.get(column.name);
    if (arriving !== undefined) return arrivingValue(arriving, parameters);
    const fill = fills.get(column.name);
    const name = quoteName(column.name);
    if (fill !== undefined) return `coalesce(${name}, ${valueSql(fill, parameters)})`;
    const to = changes.alterColumns?.find((altered) => altered.name === column.name);
    if (to !== undefined && !to.nullable && to.fill !== null) return `coalesce(${name}, ${to.fill})`;
    return name;
  });
  const names = after.columns.map((column) => quoteName(column.name));
  return {
    sql: `INSERT INTO ${quoteName(into)} (${list(names)}) SELECT ${list(expressions)} FROM ${quoteName(before.name)}`,
    parameters,
  };
}

function arrivingValue({ column, value }: AddedColumn, parameters: unknown[]): string {
  return value === undefined ? (column.default ?? 'NULL') : valueSql(value, parameters);
}

/** The function `displayName` calls; registered on every connection by `open`. */
export const DISPLAY_NAME_FUNCTION = 'mcpgw_display_name';

function valueSql(value: RowValue, parameters: unknown[]): string {
  switch (value.kind) {
    case 'constant':
      parameters.push(value.value);
      return '?';
    case 'display-name':
      return `${DISPLAY_NAME_FUNCTION}(custom_name, original_name)`;
    case 'expression':
      return value.sql;
  }
}

function editedText(text: TableSql, changes: TableChanges, after: Table): TableSql {
  const dropsUnique = (columns: readonly string[]) =>
    changes.dropUniques?.some((dropped) => sameColumnSet(dropped, columns)) ?? false;
  const dropsCheck = (name: string | null) => name !== null && (changes.dropChecks?.includes(name) ?? false);
  const dropsKey = (column: string) => changes.dropForeignKeys?.includes(column) ?? false;
  const kept = text.items.flatMap((item): Item[] => {
    if (item.kind === 'constraint') {
      const goes =
        (item.keyword === 'UNIQUE' && dropsUnique(item.columns)) ||
        (item.keyword === 'FOREIGN' && dropsKey(item.columns[0] ?? '')) ||
        (item.keyword === 'CHECK' && dropsCheck(item.name));
      return goes ? [] : [item];
    }
    if (changes.dropColumns?.includes(item.name)) return [];
    let column = item;
    if (dropsUnique([item.name])) column = withoutClause(column, 'UNIQUE');
    if (dropsKey(item.name)) column = withoutClause(column, 'REFERENCES');
    column = { ...column, clauses: column.clauses.filter(({ name }) => !dropsCheck(name)) };
    const altered = changes.alterColumns?.find((c) => c.name === item.name);
    if (altered !== undefined) {
      column = altered.nullable ? withoutClause(column, 'NOT') : withClause(column, 'NOT', 'NOT NULL');
      column =
        altered.default === null
          ? withoutClause(column, 'DEFAULT')
          : withClause(column, 'DEFAULT', `DEFAULT ${altered.default}`);
      const type = after.columns.find((c) => c.name === item.name)?.type ?? '';
      column = { ...column, type: type === '' ? typeName(altered) : type };
    }
    return [column];
  });
  const columns = kept.filter((item) => item.kind === 'column');
  const constraints = kept.filter((item) => item.kind === 'constraint');
  const added = [
    ...(changes.addColumns ?? []).map(({ column }) => columnSql(column)),
    ...(changes.addUniques ?? []).map(uniqueSql),
    ...(changes.addForeignKeys ?? []).map(foreignKeySql),
    ...(changes.addChecks ?? []).map(checkSql),
  ];
  const parsed = added.length === 0 ? [] : parseTableSql(`CREATE TABLE t (${added.join(', ')})`).items;
  return {
    items: [
      ...columns,
      ...parsed.filter((item) => item.kind === 'column'),
      ...constraints,
      ...parsed.filter((item) => item.kind === 'constraint'),
    ],
    options: text.options,
  };
}
