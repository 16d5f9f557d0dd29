import type { TableChanges } from '../migrate/migration.ts';
import { sameColumnSet, type Table } from './model.ts';

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
