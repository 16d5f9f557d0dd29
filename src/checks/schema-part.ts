import type { TableChanges } from '../migrate/migration.ts';
import { columnOf, type Table } from '../schema/model.ts';
import { pendingChanges } from '../schema/pending.ts';
import type { CheckContext, DataRepair } from './check.ts';

/** What one table lacks of one part of its definition. */
export interface PendingPart {
  /** The table as it is. */
  readonly table: Table;
  readonly pending: TableChanges;
}

/**
 * What the tables that are there lack of one part of the target schema, found as migrations find it.
 *
 * @param part the part of a table's definition as changes that add it, e.g. its indexes only
 */
export function pendingPart(
  { schema, target, db }: CheckContext,
  part: (definition: Table, table: Table) => TableChanges,
): PendingPart[] {
  const facts = { nulls: () => 0, zonedTimes: db.dialect.zonedTimes };
  return [...target.values()].flatMap((definition) => {
    const table = schema.get(definition.name);
    const pending = table === undefined ? null : pendingChanges(table, part(definition, table), facts);
    return table === undefined || pending === null ? [] : [{ table, pending }];
  });
}

/** Whether a table has all of these columns: a constraint on others has to wait for `schema.columns`. */
export function hasColumns(table: Table | undefined, columns: readonly string[]): boolean {
  return columns.every((name) => columnOf(table, name) !== undefined);
}

/**
 * The statements that change tables, as a migration would; null when there is nothing to change. The changed
 * tables take the place of the old ones in the context, for the repairs that come after.
 */
export function changeTables(
  { db, schema }: CheckContext,
  changes: readonly {
    readonly table: string;
    readonly changes: TableChanges;
    readonly summary: readonly string[];
  }[],
): DataRepair | null {
  const parts = changes.flatMap(({ table: name, changes: wanted, summary }) => {
    const table = schema.get(name);
    if (table === undefined) return [];
    const change = db.dialect.changeTable(table, wanted, schema);
    schema.set(name, change.table);
    return [{ summary, statements: change.statements }];
  });
  const statements = parts.flatMap((part) => part.statements);
  return statements.length === 0 ? null : { summary: parts.flatMap((part) => part.summary), statements };
}
