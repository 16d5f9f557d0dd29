import type { Check, Column, ColumnKind, ForeignKey, Index, Table, Unique } from './model.ts';

/**
 * The vocabulary migrations describe tables in. Columns are NOT NULL unless `.null()` says otherwise, as
 * nearly all of the gateway's are.
 */
export interface ColumnSpec {
  readonly kind: ColumnKind;
  readonly length: number | null;
  readonly unbounded: boolean;
  readonly nullable: boolean;
  readonly default: string | null;
  readonly autoincrement: boolean;
  readonly fill: string | null;
  readonly comment?: string;
  null(): ColumnSpec;
  /** An SQL expression in the spelling all dialects share. */
  defaultTo(expression: string): ColumnSpec;
  /** The SQL expression for existing NULLs of a column that must not be NULL. */
  filledWith(expression: string): ColumnSpec;
  commented(comment: string): ColumnSpec;
}

type Fields = Omit<ColumnSpec, 'null' | 'defaultTo' | 'filledWith' | 'commented'>;

function spec(fields: Fields): ColumnSpec {
  return {
    ...fields,
    null: () => spec({ ...fields, nullable: true }),
    defaultTo: (expression) => spec({ ...fields, default: expression }),
    filledWith: (expression) => spec({ ...fields, fill: expression }),
    commented: (comment) => spec({ ...fields, comment }),
  };
}

function ofKind(kind: ColumnKind, more: Partial<Fields> = {}): ColumnSpec {
  return spec({
    kind,
    length: null,
    unbounded: false,
    nullable: false,
    default: null,
    autoincrement: false,
    fill: null,
    ...more,
  });
}

export const string = (length: number) => ofKind('string', { length });
/** `VARCHAR` without a length where the dialect has it; `length` characters on MySQL. */
export const unboundedString = (length: number) => ofKind('string', { length, unbounded: true });
/** `VARCHAR` without a length on SQLite and PostgreSQL, TEXT on MySQL. */
export const unboundedText = () => ofKind('string', { unbounded: true });
export const text = () => ofKind('text');
export const json = () => ofKind('json');
export const boolean = () => ofKind('boolean');
export const datetime = () => ofKind('datetime');
export const naiveDatetime = () => ofKind('naive-datetime');
export const integer = () => ofKind('integer');
export const float = () => ofKind('float');
export const blob = () => ofKind('blob');
/** An integer primary key that counts up by itself. */
export const id = () => ofKind('integer', { autoincrement: true });
/** The same in 64 bits; on SQLite it must be spelled INTEGER to count up (COMPATIBILITY §2). */
export const bigId = () => ofKind('bigint', { autoincrement: true });

export interface TableRules {
  readonly primaryKey: readonly string[];
  readonly uniques?: readonly Unique[];
  readonly indexes?: readonly Index[];
  readonly foreignKeys?: readonly ForeignKey[];
  readonly checks?: readonly Check[];
}

export function column(name: string, s: ColumnSpec): Column {
  const { kind, length, unbounded, nullable, autoincrement, fill } = s;
  return {
    name,
    kind,
    length,
    unbounded,
    nullable,
    default: s.default,
    autoincrement,
    type: '',
    collation: null,
    fill,
    ...(s.comment === undefined ? {} : { comment: s.comment }),
  };
}

export function table(name: string, columns: Readonly<Record<string, ColumnSpec>>, rules: TableRules): Table {
  return {
    name,
    columns: Object.entries(columns).map(([columnName, s]) => column(columnName, s)),
    primaryKey: rules.primaryKey,
    uniques: rules.uniques ?? [],
    indexes: rules.indexes ?? [],
    foreignKeys: rules.foreignKeys ?? [],
    checks: rules.checks ?? [],
  };
}

/** A unique the dialect names. */
export const unique = (...columns: string[]): Unique => ({ name: null, columns, constraint: true });
export const uniqueNamed = (name: string, ...columns: string[]): Unique => ({
  name,
  columns,
  constraint: true,
});
export const index = (name: string, ...columns: string[]): Index => ({ name, columns });

/** `references('team_id', 'email_teams.id', 'SET NULL')` */
export function references(
  columnName: string,
  target: `${string}.${string}`,
  onDelete: ForeignKey['onDelete'] = null,
): ForeignKey {
  const [tableName = '', referenced = ''] = target.split('.');
  return { name: null, column: columnName, table: tableName, references: referenced, onDelete };
}
