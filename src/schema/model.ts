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
  /** A type no column of the gateway has, of a server that holds a column to its type. */
  | 'other'
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
  /** The database computes it, and takes no value for it. */
  readonly generated?: boolean;
}

/**
 * Stands among the columns of an index or a unique that is not one over plain columns and all rows: it is partial,
 * over an expression or the first characters only, not valid …; so that it never does for one that is.
 */
export const PARTLY = '…';

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
  /** It is there, and rows that come are not held to it (PostgreSQL). */
  readonly unenforced?: boolean;
}

export interface Check {
  /** Empty where it has none. */
  readonly name: string;
  /** In the dialect-neutral spelling when described, in the database's own when read (see `sameCheck`). */
  readonly expression: string;
}

/** Something on a table that no release of the gateway makes and the rest of the model has no place for. */
export interface Extra {
  /** `trigger`, `rule` … */
  readonly kind: string;
  readonly name: string;
  /** Whether it is seen to turn rows away; false where that cannot be known. */
  readonly rejects: boolean;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly uniques: readonly Unique[];
  readonly indexes: readonly Index[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly checks: readonly Check[];
  readonly extras?: readonly Extra[];
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
