import { type Column, type ForeignKey, type Index, sameColumnSet, type Table, type Unique } from './model.ts';

/** What rows that are there already get in a column: a constant, or a name made from other columns. */
export type RowValue =
  | { readonly kind: 'constant'; readonly value: string | null }
  /** `tools.display_name` (COMPATIBILITY §2). */
  | { readonly kind: 'display-name' }
  /** An SQL expression in the spelling all dialects share. */
  | { readonly kind: 'expression'; readonly sql: string };

export interface AddedColumn {
  readonly column: Column;
  /** What existing rows get; without it, the column's own default or NULL. */
  readonly value?: RowValue;
}

/** Parts are carried out in the order they stand here. */
export interface TableChanges {
  /** Uniques that go, found by their columns since names differ by dialect. */
  readonly dropUniques?: readonly (readonly string[])[];
  readonly dropForeignKeys?: readonly string[];
  readonly dropChecks?: readonly string[];
  readonly dropIndexes?: readonly string[];
  readonly dropColumns?: readonly string[];
  readonly addColumns?: readonly AddedColumn[];
  /** Values for rows that hold NULL in a column that was there before. */
  readonly fills?: readonly { readonly column: string; readonly value: RowValue }[];
  /** Columns brought to this kind, nullability and default. */
  readonly alterColumns?: readonly Column[];
  readonly addUniques?: readonly Unique[];
  readonly addIndexes?: readonly Index[];
  readonly addForeignKeys?: readonly ForeignKey[];
  readonly addChecks?: Table['checks'];
}

/** The table as it is after `changes`, without touching any database. */
export function withChanges(table: Table, changes: TableChanges): Table {
  const altered = new Map((changes.alterColumns ?? []).map((column) => [column.name, column]));
  return {
    ...table,
    columns: [
      ...table.columns
        .filter((column) => !changes.dropColumns?.includes(column.name))
        .map((column) => {
          const to = altered.get(column.name);
          if (to === undefined) return column;
          // The spelling of the type stays unless the kind changes with it.
          const sameKind =
            to.kind === column.kind &&
            to.autoincrement === column.autoincrement &&
            to.length === column.length;
          return {
            ...column,
            kind: to.kind,
            length: to.length,
            unbounded: to.unbounded,
            autoincrement: to.autoincrement,
            nullable: to.nullable,
            default: to.default,
            type: sameKind ? column.type : '',
          };
        }),
      ...(changes.addColumns ?? []).map(({ column }) => column),
    ],
    uniques: [
      ...table.uniques.filter(
        (unique) => !changes.dropUniques?.some((columns) => sameColumnSet(columns, unique.columns)),
      ),
      ...(changes.addUniques ?? []),
    ],
    indexes: [
      ...table.indexes.filter((index) => !changes.dropIndexes?.includes(index.name)),
      ...(changes.addIndexes ?? []),
    ],
    foreignKeys: [
      ...table.foreignKeys.filter((key) => !changes.dropForeignKeys?.includes(key.column)),
      ...(changes.addForeignKeys ?? []),
    ],
    checks: [
      ...table.checks.filter((check) => !changes.dropChecks?.includes(check.name)),
      ...(changes.addChecks ?? []),
    ],
  };
}
