import { type AddedColumn, type RowValue, type TableChanges, withChanges } from '../../schema/changed.ts';
import {
  type Column,
  columnOf,
  type ForeignKey,
  type Index,
  type Schema,
  sameColumnSet,
  type Table,
  type Unique,
} from '../../schema/model.ts';
import type { Change } from '../dialect.ts';
import { type EffectKind, type Statement, statement } from '../statement.ts';
import type { MysqlColumn } from './introspect.ts';

/** What a server's DDL depends on, found out when the connection is opened. */
export interface MysqlFlavor {
  readonly mariadb: boolean;
  /** The collation of tables made by a run where no gateway table is there to follow. */
  readonly collation: string;
  /** `table.column` of what the server writes with every UPDATE. */
  readonly stamped?: readonly string[];
  /** Columns go only by copying the table (MySQL before 8.0.29). */
  readonly copiesToDropColumns?: boolean;
}

export function quoteMysql(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
const q = quoteMysql;
const list = (names: readonly string[]) => names.map(q).join(', ');

/** Values that need no backslash, so that the literal means the same with and without NO_BACKSLASH_ESCAPES. */
export function literalMysql(value: string | null): string {
  if (value === null) return 'NULL';
  if (value.includes('\\')) throw new Error('a backslash cannot stand in a MySQL literal here');
  return `'${value.replaceAll("'", "''")}'`;
}

/** InnoDB's limit for all parts of a key, and the bytes a character takes at most. */
const KEY_BYTES = 3072;
const UTF8MB4_BYTES = 4;
/** The most that a number or a time takes. */
const NUMBER_BYTES = 8;

function typeName(column: Column): string {
  switch (column.kind) {
    case 'string':
      return column.length === null ? 'TEXT' : `VARCHAR(${column.length})`;
    case 'text':
      return 'TEXT';
    case 'json':
      return 'JSON';
    case 'boolean':
      return 'BOOL';
    case 'datetime':
    case 'naive-datetime':
      return 'DATETIME';
    case 'bigint':
      return 'BIGINT';
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

/**
 * A column that refers to another must have its character set and collation; what v0.6.0 made has whatever
 * its server had by default then.
 */
function collated(column: Column, table: Pick<Table, 'foreignKeys'>, schema: Schema): Column {
  if (column.kind !== 'string') return column;
  const key = table.foreignKeys.find((k) => k.column === column.name);
  const parent = key === undefined ? undefined : columnOf(schema.get(key.table), key.references);
  return parent?.collation == null ? column : { ...column, collation: parent.collation };
}

function columnSql(column: Column): string {
  const type = column.type === '' ? typeName(column) : column.type;
  const collation =
    column.collation === null
      ? ''
      : ` CHARACTER SET ${column.collation.split('_')[0]} COLLATE ${column.collation}`;
  const rest =
    column.default === null ? (column.nullable ? ' DEFAULT NULL' : '') : ` DEFAULT ${column.default}`;
  const counts = column.autoincrement ? ' AUTO_INCREMENT' : '';
  // TEXT takes no DEFAULT on MySQL.
  const allowed = type === 'TEXT' || type === 'JSON' || type === 'BLOB' ? '' : rest;
  const described = column.comment === undefined ? '' : ` COMMENT ${literalMysql(column.comment)}`;
  const { attributes = described } = column as Partial<MysqlColumn>;
  return `${q(column.name)} ${type}${collation}${column.nullable ? '' : ' NOT NULL'}${allowed}${counts}${attributes}`;
}

const foreignKeySql = (key: ForeignKey) =>
  `FOREIGN KEY (${q(key.column)}) REFERENCES ${q(key.table)} (${q(key.references)})${
    key.onDelete === null ? '' : ` ON DELETE ${key.onDelete}`
  }`;

/**
 * A key of more bytes than InnoDB takes gets a hash in place of its longest column: MySQL as a functional key
 * part (since 8.0.13); MariaDB makes a hash unique of the plain columns by itself.
 */
function uniqueSql(unique: Unique, columns: readonly Column[], { mariadb }: MysqlFlavor): string {
  const sizes = keySizes(unique, columns);
  const longest = sizes.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const parts = unique.columns.map((name) =>
    isTooLong(unique, columns) && !mariadb && name === longest.name ? `(sha2(${q(name)}, 256))` : q(name),
  );
  return `UNIQUE KEY ${q(unique.name ?? unique.columns[0] ?? '')} (${parts.join(', ')})`;
}

function keySizes(unique: Unique, columns: readonly Column[]) {
  return unique.columns.map((name) => {
    const column = columns.find((c) => c.name === name);
    const holdsText = column?.kind === 'string' || column?.kind === 'text';
    return { name, bytes: holdsText ? (column.length ?? KEY_BYTES) * UTF8MB4_BYTES : NUMBER_BYTES };
  });
}

const isTooLong = (unique: Unique, columns: readonly Column[]) =>
  keySizes(unique, columns).reduce((sum, s) => sum + s.bytes, 0) > KEY_BYTES;

const indexSql = (index: Index) => `KEY ${q(index.name)} (${list(index.columns)})`;

/**
 * New tables follow the existing ones, since comparing columns of two collations is an error; but what is
 * not utf8mb4 cannot hold every name, and is not followed.
 */
function newCollation(schema: Schema, flavor: MysqlFlavor): string {
  const existing = columnOf(schema.get('servers'), 'id')?.collation;
  return existing?.startsWith('utf8mb4_') ? existing : flavor.collation;
}

export function createMysqlTable(table: Table, schema: Schema, flavor: MysqlFlavor): Change {
  const columns = table.columns.map((column) => collated(column, table, schema));
  const collation = newCollation(schema, flavor);
  const lines = [
    ...columns.map(columnSql),
    `PRIMARY KEY (${list(table.primaryKey)})`,
    ...table.uniques.map((u) => uniqueSql(u, table.columns, flavor)),
    ...table.indexes.map(indexSql),
    ...table.foreignKeys.map(foreignKeySql),
    ...table.checks.map((check) => `CONSTRAINT ${q(check.name)} CHECK (${check.expression})`),
  ];
  const made = columns.map((c) => (c.kind === 'string' ? { ...c, collation: c.collation ?? collation } : c));
  return {
    statements: [
      statement(
        `CREATE TABLE ${q(table.name)} (\n  ${lines.join(',\n  ')}\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=${collation}`,
      ),
    ],
    table: { ...table, ...named(table), columns: made },
  };
}

/** Emails and ids that arrive are compared with those of new tables, whatever the table they arrive in has. */
function comparable(column: Column, collation: string): Column {
  return column.kind === 'string' && column.collation === null ? { ...column, collation } : column;
}

/** The names the server gives to what has none, as far as they can be told before. */
function named(table: Pick<Table, 'uniques'>) {
  return { uniques: table.uniques.map((u) => ({ ...u, name: u.name ?? u.columns[0] ?? '' })) };
}

export function changeMysqlTable(
  table: Table,
  changes: TableChanges,
  schema: Schema,
  flavor: MysqlFlavor,
): Change {
  const alter = (parts: readonly string[], kind: EffectKind = 'metadata') =>
    parts.length === 0 ? [] : [altering(table.name, parts.join(', '), kind)];
  const dropped = table.uniques.filter((u) =>
    changes.dropUniques?.some((columns) => sameColumnSet(columns, u.columns)),
  );
  const keys = table.foreignKeys.filter((k) => changes.dropForeignKeys?.includes(k.column));
  const added = (changes.addColumns ?? []).map((a) => ({
    ...a,
    column: comparable(
      collated(a.column, { foreignKeys: changes.addForeignKeys ?? [] }, schema),
      newCollation(schema, flavor),
    ),
  }));
  const after = withChanges(table, changes);
  const bare = unservedKeys(table, changes, dropped);
  const addedKeys = changes.addForeignKeys ?? [];
  // A key with a hash in it is made and dropped by copying the table; MariaDB then copies it for foreign keys, too.
  const hashed = (uniques: readonly Unique[], columns: readonly Column[]) =>
    uniques.some((u) => isTooLong(u, columns));
  const copiesForKeys = (t: Table) => flavor.mariadb && hashed(t.uniques, t.columns);
  const serves = (key: ForeignKey) =>
    [after.primaryKey, ...[...after.uniques, ...after.indexes].map((i) => i.columns)].some(
      ([first]) => first === key.column,
    );
  const statements: Statement[] = [
    ...alter(
      keys.map((k) => `DROP FOREIGN KEY ${q(k.name ?? '')}`),
      copiesForKeys(table) ? 'rebuild' : 'metadata',
    ),
    // An index that a foreign key needs can go only when another serves it.
    ...alter(
      [
        ...bare.map((index) => `ADD ${indexSql(index)}`),
        ...dropped.map((u) => `DROP INDEX ${q(u.name ?? '')}`),
        ...(changes.dropIndexes ?? []).map((name) => `DROP INDEX ${q(name)}`),
      ],
      hashed(dropped, table.columns) ? 'rebuild' : 'metadata',
    ),
    ...alter((changes.dropChecks ?? []).map((name) => `DROP CONSTRAINT ${q(name)}`)),
    ...alter(
      (changes.dropColumns ?? []).map((name) => `DROP COLUMN ${q(name)}`),
      flavor.copiesToDropColumns === true ? 'rebuild' : 'metadata',
    ),
    ...addColumns(table.name, added, flavor),
    ...(changes.fills ?? []).map((fill) => fillColumn(table.name, fill.column, fill.value, flavor)),
    ...(changes.alterColumns ?? []).flatMap((to) => alterColumn(table, to, flavor)),
    ...alter(
      [
        ...(changes.addUniques ?? []).map((u) => `ADD ${uniqueSql(u, after.columns, flavor)}`),
        ...(changes.addIndexes ?? []).map((index) => `ADD ${indexSql(index)}`),
      ],
      hashed(changes.addUniques ?? [], after.columns) ? 'rebuild' : 'index',
    ),
    ...(addedKeys.length === 0
      ? []
      : [
          // The rows were found to be valid before; checking them again would copy the whole table.
          statement('SET SESSION foreign_key_checks = 0'),
          ...alter(
            addedKeys.map((key) => `ADD ${foreignKeySql(key)}`),
            copiesForKeys(after) ? 'rebuild' : addedKeys.every(serves) ? 'metadata' : 'index',
          ),
          statement('SET SESSION foreign_key_checks = 1'),
        ]),
    ...alter(
      (changes.addChecks ?? []).map((c) => `ADD CONSTRAINT ${q(c.name)} CHECK (${c.expression})`),
      'rebuild',
    ),
  ];
  return { statements, table: { ...after, ...named(after), indexes: [...after.indexes, ...bare] } };
}

/** Indexes for the foreign keys that stay and are served by nothing but what goes, named as InnoDB would. */
function unservedKeys(table: Table, changes: TableChanges, dropped: readonly Unique[]): Index[] {
  const goes = (index: Index) => changes.dropIndexes?.includes(index.name) ?? false;
  const left = [
    table.primaryKey,
    ...table.uniques.filter((u) => !dropped.includes(u)).map((u) => u.columns),
    ...table.indexes.filter((index) => !goes(index)).map((index) => index.columns),
  ];
  const leaving = [...dropped, ...table.indexes.filter(goes)].map(({ columns }) => columns[0]);
  return table.foreignKeys
    .map((key) => key.column)
    .filter((name) => leaving.includes(name) && !changes.dropForeignKeys?.includes(name))
    .filter((name) => !left.some(([first]) => first === name))
    .map((name) => ({ name, columns: [name] }));
}

function altering(table: string, what: string, kind: EffectKind): Statement {
  return { ...statement(`ALTER TABLE ${q(table)} ${what}`), effect: { table, kind } };
}

/** Columns with a constant for every row are metadata only (INSTANT); their own default comes after. */
function addColumns(table: string, added: readonly AddedColumn[], flavor: MysqlFlavor): Statement[] {
  if (added.length === 0) return [];
  const constant = ({ value }: AddedColumn) => (value?.kind === 'constant' ? value.value : null);
  const parts = added.map((a) => {
    const value = constant(a);
    return `ADD COLUMN ${columnSql(value === null ? a.column : { ...a.column, default: literalMysql(value) })}`;
  });
  const defaults = added
    .filter((a) => constant(a) !== null)
    .map(({ column }) => defaultSql(column.name, column.nullable, column.default));
  return [
    altering(table, parts.join(', '), 'metadata'),
    ...(defaults.length === 0 ? [] : [altering(table, defaults.join(', '), 'metadata')]),
    ...added.flatMap(({ column, value }) =>
      value === undefined || value.kind === 'constant' ? [] : [fillColumn(table, column.name, value, flavor)],
    ),
  ];
}

function defaultSql(column: string, nullable: boolean, value: string | null): string {
  if (value !== null) return `ALTER COLUMN ${q(column)} SET DEFAULT ${value}`;
  // Without one, a nullable column must still say NULL, or inserts that leave it out fail.
  return `ALTER COLUMN ${q(column)} ${nullable ? 'SET DEFAULT NULL' : 'DROP DEFAULT'}`;
}

/** Named in the SET, such a column does not get the time of now (ON UPDATE CURRENT_TIMESTAMP). */
export function keptMysql({ stamped }: MysqlFlavor, table: string): string {
  const names = stamped?.filter((name) => name.startsWith(`${table}.`)) ?? [];
  return names
    .map((name) => q(name.slice(table.length + 1)))
    .map((name) => `, ${name} = ${name}`)
    .join('');
}

function fillColumn(table: string, column: string, value: RowValue, flavor: MysqlFlavor): Statement {
  const [set, where] =
    value.kind === 'constant'
      ? [literalMysql(value.value), '']
      : value.kind === 'expression'
        ? [value.sql, '']
        : [displayNameSql(flavor), ` AND NOT (${DISPLAY_NAME_MISSES})`];
  return {
    sql: `UPDATE ${q(table)} SET ${q(column)} = ${set}${keptMysql(flavor, table)} WHERE ${q(column)} IS NULL${where}`,
    parameters: [],
    counts: 'written',
    table,
  };
}

function alterColumn(table: Table, to: Column, flavor: MysqlFlavor): Statement[] {
  const from = columnOf(table, to.name);
  if (from === undefined) return [];
  const fill =
    !to.nullable && from.nullable && to.fill !== null
      ? [fillColumn(table.name, to.name, { kind: 'expression', sql: to.fill }, flavor)]
      : [];
  if (from.nullable === to.nullable && from.length === to.length) {
    return from.default === to.default
      ? []
      : [altering(table.name, defaultSql(to.name, to.nullable, to.default), 'metadata')];
  }
  const type = from.length === to.length ? from.type : '';
  const { kind, length } = to;
  const definition = columnSql({ ...from, type, kind, length, nullable: to.nullable, default: to.default });
  return [...fill, altering(table.name, `MODIFY COLUMN ${definition}`, 'rebuild')];
}

/** Not a comparison with '', which in most collations is the same as a blank. */
const NAME = "CASE WHEN char_length(custom_name) > 0 THEN custom_name ELSE coalesce(original_name, '') END";

/**
 * Separators to spaces, white space collapsed and trimmed, all lower case. By code points, since in a Turkish
 * collation the small letter of I is another one.
 */
const WORDS = `lower(convert(trim(regexp_replace(regexp_replace(${NAME}, '[_.-]+', ' '), ' +', ' ')) USING utf8mb4) COLLATE utf8mb4_bin)`;
const MARK = 'char(1 USING utf8mb4)';

/**
 * Neither server has initcap(). Every letter that starts a word (one after no letter) is marked with U+0001,
 * then each marked letter is replaced by its capital; REPLACE tells capitals from small letters in every
 * collation. The two servers differ in how a replacement names a group; a backslash is spelled as a number
 * because its meaning in a literal depends on sql_mode.
 */
function displayNameSql({ mariadb }: MysqlFlavor): string {
  const group = mariadb ? "char(92 USING utf8mb4), '1'" : "'$1'";
  const marked = `regexp_replace(${WORDS}, '(?<![a-z])([a-z])', concat(${MARK}, ${group}))`;
  const capitals = [...'abcdefghijklmnopqrstuvwxyz'].reduce(
    (text, letter) => `replace(${text}, concat(${MARK}, '${letter}'), '${letter.toUpperCase()}')`,
    marked,
  );
  return `left(${capitals}, 255)`;
}

export const DISPLAY_NAME_MISSES = `(${NAME}) REGEXP '[^ -~]'`;
