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

export interface ShapeOptions {
  /**
   * Leaves out what a v0.6.0 database on MySQL chose by itself: the lengths of columns the release left
   * unbounded (and thereby whether they are VARCHAR or TEXT), and collations.
   */
  readonly anyLength?: boolean;
}

export function schemaShape(schema: Schema, options: ShapeOptions = {}): Record<string, TableShape> {
  return Object.fromEntries(
    [...schema.values()]
      .filter((table) => table.name !== HISTORY_TABLE)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((table) => [table.name, tableShape(table, options)]),
  );
}

export function tableShape(table: Table, options: ShapeOptions = {}): TableShape {
  return {
    columns: table.columns.map((column) => columnShape(column, options)).toSorted(),
    primaryKey: table.primaryKey,
    uniques: table.uniques
      .map((u) => `${u.name} (${u.columns})${u.constraint ? '' : ' bare index'}`)
      .toSorted(),
    indexes: table.indexes.map((index) => `${index.name} (${index.columns})`).toSorted(),
    foreignKeys: table.foreignKeys.map(foreignKeyShape).toSorted(),
    checks: table.checks.map((check) => check.name).toSorted(),
  };
}

function columnShape(column: Column, { anyLength = false }: ShapeOptions): string {
  const { name, kind, length, nullable, autoincrement } = column;
  const type =
    anyLength && (kind === 'string' || kind === 'text')
      ? 'characters'
      : `${kind}${length === null ? '' : `(${length})`}`;
  const byDefault = column.default === null ? '' : ` DEFAULT ${column.default}`;
  return `${name} ${type}${nullable ? '' : ' NOT NULL'}${byDefault}${autoincrement ? ' AUTOINCREMENT' : ''}`;
}

function foreignKeyShape(key: ForeignKey): string {
  return `(${key.column}) → ${key.table}(${key.references})${key.onDelete === null ? '' : ` ${key.onDelete}`}`;
}
