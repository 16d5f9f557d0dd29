import { MIGRATIONS } from '../../migrations/index.ts';
import { targetSchema } from '../../src/migrate/record.ts';
import { HISTORY_TABLE } from '../../src/schema/gateway-tables.ts';
import type { Column, ForeignKey, Schema, Table } from '../../src/schema/model.ts';

/** Everything two databases of one dialect must agree on, as sorted text that reads well in a failed assertion. */
export interface TableShape {
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  readonly uniques: readonly string[];
  readonly indexes: readonly string[];
  readonly foreignKeys: readonly string[];
  readonly checks: readonly string[];
}

/**
 * Columns that v0.6.0 left unbounded (COMPATIBILITY §2): a database may have chosen lengths for them, and
 * v0.7.0 itself does. Only that they hold characters is compared.
 */
const UNBOUNDED: ReadonlySet<string> = new Set(
  [...targetSchema(MIGRATIONS).values()].flatMap((table) =>
    table.columns.filter((column) => column.unbounded).map((column) => `${table.name}.${column.name}`),
  ),
);

export function schemaShape(schema: Schema): Record<string, TableShape> {
  return Object.fromEntries(
    [...schema.values()]
      .filter((table) => table.name !== HISTORY_TABLE)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((table) => [table.name, tableShape(table)]),
  );
}

export function tableShape(table: Table): TableShape {
  return {
    columns: table.columns.map((column) => columnShape(table.name, column)).toSorted(),
    primaryKey: table.primaryKey,
    uniques: table.uniques
      .map((u) => `${u.name} (${u.columns})${u.constraint ? '' : ' bare index'}`)
      .toSorted(),
    indexes: table.indexes.map((index) => `${index.name} (${index.columns})`).toSorted(),
    foreignKeys: table.foreignKeys.map(foreignKeyShape).toSorted(),
    checks: table.checks.map((check) => check.name).toSorted(),
  };
}

function columnShape(table: string, column: Column): string {
  const { name, kind, length, nullable, autoincrement } = column;
  const type =
    UNBOUNDED.has(`${table}.${name}`) && (kind === 'string' || kind === 'text')
      ? 'characters'
      : `${kind}${length === null ? '' : `(${length})`}`;
  const byDefault = column.default === null ? '' : ` DEFAULT ${column.default}`;
  return `${name} ${type}${nullable ? '' : ' NOT NULL'}${byDefault}${autoincrement ? ' AUTOINCREMENT' : ''}`;
}

function foreignKeyShape(key: ForeignKey): string {
  return `(${key.column}) → ${key.table}(${key.references})${key.onDelete === null ? '' : ` ${key.onDelete}`}`;
}
