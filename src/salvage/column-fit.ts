import type { Stored } from './record.ts';

/** A column as far as a record shows it. */
export interface StoredColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** Rows from before it was added have it by its default. */
  readonly hasDefault: boolean;
  /** The rowid under another name: its place in the record is always NULL. */
  readonly isRowid: boolean;
  /** Computed from others: stored, but not to be written. */
  readonly generated: boolean;
}

/**
 * Whether a row can be of a table with these columns: what a constraint or SQLAlchemy would not have let in is
 * none of it. Rows from before a column was added are shorter.
 */
export function fits(values: readonly Stored[], columns: readonly StoredColumn[]): boolean {
  if (values.length > columns.length || values.length === 0) return false;
  return values.every((value, i) => valueFits(value, columns[i] as StoredColumn));
}

/** Whether a table with these columns could have stored a row at all: rows of another table mostly cannot be. */
export function isPossible(values: readonly Stored[], columns: readonly StoredColumn[]): boolean {
  return (
    values.length <= columns.length &&
    values.every((value, i) => couldStore(value, columns[i])) &&
    columns.slice(values.length).every(({ notNull, hasDefault }) => !notNull || hasDefault)
  );
}

/** A column of text turns numbers into text (https://www.sqlite.org/datatype3.html, 3), and SQLAlchemy writes no bytes there. */
function couldStore(value: Stored, column: StoredColumn | undefined): boolean {
  if (column === undefined) return false;
  if (column.isRowid || value === null) return column.isRowid ? value === null : !column.notNull;
  const isText = /CHAR|CLOB|TEXT/i.test(column.type) && !/INT/i.test(column.type);
  return !isText || typeof value === 'string';
}

function valueFits(value: Stored, { type, notNull, isRowid }: StoredColumn): boolean {
  if (isRowid) return value === null;
  if (value === null) return !notNull;
  return VALUES.find(([declared]) => declared.test(type))?.[1](value) ?? true;
}

/** What SQLAlchemy writes into a column, by the first of these that is in the name of its type. */
const VALUES: readonly (readonly [declared: RegExp, fits: (value: Stored) => boolean])[] = [
  [/CHAR|CLOB|TEXT/i, (value) => typeof value === 'string'],
  [
    /JSON/i,
    (value) => typeof value !== 'object' && (typeof value !== 'string' || /^[[{"tfn\d-]/.test(value)),
  ],
  [/BOOL/i, (value) => value === 0n || value === 1n],
  [/DATETIME|TIMESTAMP/i, (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value)],
  [/INT/i, (value) => typeof value === 'bigint'],
  [/FLOA|REAL|DOUB/i, (value) => typeof value === 'number' || typeof value === 'bigint'],
];
