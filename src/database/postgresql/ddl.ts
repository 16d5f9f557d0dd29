import { type AddedColumn, type RowValue, type TableChanges, withChanges } from '../../schema/changed.ts';
import { type Column, type ForeignKey, type Index, sameColumnSet, type Table } from '../../schema/model.ts';
import type { Change } from '../dialect.ts';
import { type EffectKind, type Statement, statement } from '../statement.ts';

export function quotePostgresql(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
const q = quotePostgresql;
const list = (names: readonly string[]) => names.map(q).join(', ');

export function literalPostgresql(value: string | null): string {
  return value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`;
}

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
      return 'TIMESTAMP WITH TIME ZONE';
    case 'naive-datetime':
      return 'TIMESTAMP WITHOUT TIME ZONE';
    case 'bigint':
      return column.autoincrement ? 'BIGSERIAL' : 'BIGINT';
    case 'integer':
      return column.autoincrement ? 'SERIAL' : 'INTEGER';
    case 'float':
      return 'DOUBLE PRECISION';
    case 'blob':
      return 'BYTEA';
    case 'other':
    case 'unknown':
      return column.type;
  }
}

function columnSql(column: Column): string {
  const rest = column.default === null ? '' : ` DEFAULT ${column.default}`;
  return `${q(column.name)} ${typeName(column)}${rest}${column.nullable ? '' : ' NOT NULL'}`;
}

function foreignKeySql(key: ForeignKey): string {
  const action = key.onDelete === null ? '' : ` ON DELETE ${key.onDelete}`;
  return `FOREIGN KEY (${q(key.column)}) REFERENCES ${q(key.table)} (${q(key.references)})${action}`;
}

const uniqueSql = (unique: Table['uniques'][number]) =>
  `${unique.name === null ? '' : `CONSTRAINT ${q(unique.name)} `}UNIQUE (${list(unique.columns)})`;
const indexSql = (table: string, index: Index) =>
  statement(`CREATE INDEX ${q(index.name)} ON ${q(table)} (${list(index.columns)})`);

export function createPostgresqlTable(table: Table): Change {
  const lines = [
    ...table.columns.map(columnSql),
    `PRIMARY KEY (${list(table.primaryKey)})`,
    ...table.uniques.map(uniqueSql),
    ...table.foreignKeys.map(foreignKeySql),
    ...table.checks.map((check) => `CONSTRAINT ${q(check.name)} CHECK (${check.expression})`),
  ];
  return {
    statements: [
      statement(`CREATE TABLE ${q(table.name)} (\n  ${lines.join(',\n  ')}\n)`),
      ...table.indexes.map((index) => indexSql(table.name, index)),
      ...table.columns.flatMap(({ name, comment }) =>
        comment === undefined
          ? []
          : [statement(`COMMENT ON COLUMN ${q(table.name)}.${q(name)} IS ${literalPostgresql(comment)}`)],
      ),
    ],
    table: { ...table, ...named(table) },
  };
}

function affecting(table: string, kind: EffectKind, sql: string): Statement {
  return { ...statement(sql), effect: { table, kind } };
}

/** The names PostgreSQL gives to what has none, so that a later step of the same plan can drop it. */
function named(table: Pick<Table, 'name' | 'uniques' | 'foreignKeys'>) {
  return {
    uniques: table.uniques.map((u) => ({ ...u, name: u.name ?? `${table.name}_${u.columns.join('_')}_key` })),
    foreignKeys: table.foreignKeys.map((k) => ({ ...k, name: k.name ?? `${table.name}_${k.column}_fkey` })),
  };
}

export function changePostgresqlTable(table: Table, changes: TableChanges): Change {
  const { name } = table;
  const alter = (what: string, kind: EffectKind = 'metadata') =>
    affecting(name, kind, `ALTER TABLE ${q(name)} ${what}`);
  const dropped = table.uniques.filter((u) =>
    changes.dropUniques?.some((columns) => sameColumnSet(columns, u.columns)),
  );
  const keys = table.foreignKeys.filter((k) => changes.dropForeignKeys?.includes(k.column));
  const statements: Statement[] = [
    ...dropped.map((u) =>
      u.constraint
        ? alter(`DROP CONSTRAINT ${q(u.name ?? '')}`)
        : affecting(name, 'metadata', `DROP INDEX ${q(u.name ?? '')}`),
    ),
    ...keys.map((k) => alter(`DROP CONSTRAINT ${q(k.name ?? '')}`)),
    ...(changes.dropChecks ?? []).map((check) => alter(`DROP CONSTRAINT ${q(check)}`)),
    ...(changes.dropIndexes ?? []).map((index) => affecting(name, 'metadata', `DROP INDEX ${q(index)}`)),
    ...(changes.dropColumns ?? []).map((column) => alter(`DROP COLUMN ${q(column)}`)),
    ...(changes.addColumns ?? []).flatMap((added) => addColumn(table.name, added)),
    ...(changes.fills ?? []).map((fill) => fillColumn(table.name, fill.column, fill.value)),
    ...(changes.alterColumns ?? []).flatMap((to) => alterColumn(table, to)),
    ...(changes.addUniques ?? []).map((u) => alter(`ADD ${uniqueSql(u)}`, 'index')),
    ...(changes.addIndexes ?? []).map(
      (index): Statement => ({ ...indexSql(name, index), effect: { table: name, kind: 'index' } }),
    ),
    ...(changes.addForeignKeys ?? []).map((key) => alter(`ADD ${foreignKeySql(key)}`, 'scan')),
    ...(changes.addChecks ?? []).map((c) =>
      alter(`ADD CONSTRAINT ${q(c.name)} CHECK (${c.expression})`, 'scan'),
    ),
  ];
  const after = withChanges(table, changes);
  return { statements, table: { ...after, ...named(after) } };
}

/**
 * A column that arrives with a constant for every row is metadata only since PostgreSQL 11; its own default
 * takes the place of the constant afterwards.
 */
function addColumn(table: string, { column, value }: AddedColumn): Statement[] {
  const alter = (what: string) => affecting(table, 'metadata', `ALTER TABLE ${q(table)} ${what}`);
  if (value?.kind === 'constant' && value.value !== null) {
    const arriving = columnSql({ ...column, default: literalPostgresql(value.value) });
    const then = column.default === null ? 'DROP DEFAULT' : `SET DEFAULT ${column.default}`;
    return [alter(`ADD COLUMN ${arriving}`), alter(`ALTER COLUMN ${q(column.name)} ${then}`)];
  }
  const add = alter(`ADD COLUMN ${columnSql(column)}`);
  if (value === undefined || value.kind === 'constant') return [add];
  return [add, fillColumn(table, column.name, value)];
}

function fillColumn(table: string, column: string, value: RowValue): Statement {
  // Names that SQL cannot do are written afterwards, page by page (see the plan).
  const [set, where] =
    value.kind === 'constant'
      ? [literalPostgresql(value.value), '']
      : value.kind === 'expression'
        ? [value.sql, '']
        : [DISPLAY_NAME, ` AND NOT (${DISPLAY_NAME_MISSES})`];
  return {
    sql: `UPDATE ${q(table)} SET ${q(column)} = ${set} WHERE ${q(column)} IS NULL${where}`,
    parameters: [],
    counts: 'written',
    table,
  };
}

function alterColumn(table: Table, to: Column): Statement[] {
  const from = table.columns.find((column) => column.name === to.name);
  const alter = (what: string, kind: EffectKind = 'metadata') =>
    affecting(table.name, kind, `ALTER TABLE ${q(table.name)} ALTER COLUMN ${q(to.name)} ${what}`);
  const statements: Statement[] = [];
  const characters = to.kind === 'string' || to.kind === 'text';
  if (characters && (from?.kind !== to.kind || from.length !== to.length)) {
    statements.push(alter(`TYPE ${typeName(to)}`));
  } else if (from?.kind !== to.kind) {
    // The session's time zone is UTC, in which the gateway stored what has no zone; since PostgreSQL 12 the
    // table is then not rewritten.
    statements.push(alter(`TYPE ${typeName(to)} USING ${q(to.name)} AT TIME ZONE 'UTC'`));
  }
  if (from?.default !== to.default) {
    statements.push(alter(to.default === null ? 'DROP DEFAULT' : `SET DEFAULT ${to.default}`));
  }
  if (from?.nullable !== to.nullable) {
    if (!to.nullable && to.fill !== null) {
      statements.push(fillColumn(table.name, to.name, { kind: 'expression', sql: to.fill }));
    }
    statements.push(to.nullable ? alter('DROP NOT NULL') : alter('SET NOT NULL', 'scan'));
  }
  return statements;
}

const NAME = `coalesce(nullif(custom_name, ''), original_name, '') COLLATE "C"`;
/** Separators to spaces, white space collapsed and trimmed. */
const WORDS = `btrim(regexp_replace(regexp_replace(${NAME}, '[_.-]+', ' ', 'g'), ' +', ' ', 'g'))`;

/**
 * initcap() starts a word at every letter after a character that is neither letter nor digit; Python's
 * title() also after a digit. A mark put between a digit and a letter, and taken out again, makes the two
 * agree on ASCII. The collation is that of ASCII, since in a Turkish one the capital of i is another letter.
 */
const DISPLAY_NAME = `left(replace(initcap(regexp_replace(${WORDS}, '([0-9])([A-Za-z])', '\\1' || chr(1) || '\\2', 'g') COLLATE "C"), chr(1), ''), 255)`;

export const DISPLAY_NAME_MISSES = `${NAME} ~ '[^ -~]'`;
