/**
 * A database schema as plain data. Migrations describe tables in it, each dialect reads a real database
 * into it, and the comparison of the two is what migrations do and what `verify` checks.
 */

/** What a column holds, independent of how a dialect spells it. */
export type ColumnKind =
  | 'string'
  | 'text'
  | 'json'
  | 'boolean'
  | 'datetime'
  /** PostgreSQL `timestamp without time zone`; the same as `datetime` elsewhere. */
  | 'naive-datetime'
  | 'integer'
  | 'bigint'
  | 'float'
  | 'blob'
  | 'unknown';

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Characters a `string` holds; null when it has no bound. */
  readonly length: number | null;
  /**
   * True for v0.6.0 columns declared `VARCHAR` without a length: unbounded where the dialect can, `length`
   * characters (or TEXT) where it cannot (COMPATIBILITY §2: never narrowed).
   */
  readonly unbounded: boolean;
  readonly nullable: boolean;
  /** The default as an SQL expression in a dialect-neutral spelling (`'private'`, `0`), or null. */
  readonly default: string | null;
  /** An integer key the database counts up by itself. */
  readonly autoincrement: boolean;
  /** The dialect's own spelling of the type; empty in a described column. */
  readonly type: string;
  /** MySQL: character set and collation of a text column; null elsewhere. */
  readonly collation: string | null;
  /** Rows that hold NULL where the target does not allow it get this SQL expression first. */
  readonly fill: string | null;
  /** What the database says the column is for, where it is made; never read back. */
  readonly comment?: string;
}

export interface Unique {
  /** Null when unnamed (SQLite), or when the dialect may name it. */
  readonly name: string | null;
  readonly columns: readonly string[];
  /** False for a bare unique index, which cannot be dropped as a constraint. */
  readonly constraint: boolean;
}

export interface Index {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface ForeignKey {
  readonly name: string | null;
  readonly column: string;
  readonly table: string;
  readonly references: string;
  readonly onDelete: 'CASCADE' | 'SET NULL' | null;
  /** Read from a database that checked every row against it, and checks each that comes (PostgreSQL). */
  readonly validated?: boolean;
}

export interface Check {
  readonly name: string;
  /** In the dialect-neutral spelling; null when read from a database, where only the name counts. */
  readonly expression: string | null;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly uniques: readonly Unique[];
  readonly indexes: readonly Index[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
}

export type Schema = ReadonlyMap<string, Table>;

export function columnOf(table: Table | undefined, name: string): Column | undefined {
  return table?.columns.find((column) => column.name === name);
}

export function sameColumns(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** Uniques hold the same rule whatever the order of their columns. */
export function sameColumnSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
