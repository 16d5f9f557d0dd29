import { advise, joined, mcpgw, type Text } from '../report/advice.ts';
import type { TableChanges } from '../schema/changed.ts';
import { type Column, columnOf, type Table } from '../schema/model.ts';
import { pendingChanges } from '../schema/pending.ts';
import type { Check, CheckContext, DataRepair, Findings } from './check.ts';

/** One thing that is not as v0.7.0 wants it, and what brings it right. */
export interface Defect {
  readonly table: string;
  /** For people, a line each: the defect, and rows that are in the way. */
  readonly lines: readonly [string, ...string[]];
  /** Null where `fix` cannot, as `hint` says. */
  readonly changes: TableChanges | null;
  /** What the changes do, for people. */
  readonly done?: string;
  readonly hint?: readonly Text[];
  /** How many rows are in the way; they are findings, too, and keep a migration from going on. */
  readonly rows?: number;
}

interface SchemaPart extends Pick<Check, 'id' | 'title'> {
  readonly level?: Check['level'];
  /** In place of `mcpgw fix`. */
  readonly hint?: Text;
  /** Whether `fix` can bring anything of it right; true unless told. */
  readonly repairs?: false;
  defects(context: CheckContext): readonly Defect[] | Promise<readonly Defect[]>;
}

/** A check of one part of the schema. */
export function schemaCheck({ defects, repairs, level = 'error', ...described }: SchemaPart): Check {
  return {
    hint: advise`Run: ${mcpgw('fix', '--only', described.id)}`,
    ...described,
    level,
    async find(context): Promise<Findings> {
      const all = await defects(context);
      const stuck = all.filter(({ changes }) => changes === null);
      const rows = all.reduce((sum, defect) => sum + (defect.rows ?? 0), 0);
      const hints = new Set(stuck.flatMap(({ hint = [] }) => hint));
      return {
        count: all.length + rows,
        sample: all.flatMap(({ lines }) => lines),
        unfixable: stuck.length + rows,
        ...(rows > 0 ? { first: true } : {}),
        ...(hints.size > 0 ? { hint: joined([...hints], '\n') } : {}),
      };
    },
    ...(repairs !== false && { repair: async (context) => changeTables(context, await defects(context)) }),
  };
}

/**
 * The statements that change tables, as a migration would; null when there is nothing to change. The changed
 * tables take the place of the old ones in the context, for the repairs that come after.
 */
function changeTables({ db, schema }: CheckContext, defects: readonly Defect[]): DataRepair | null {
  const fixable = defects.filter(({ changes }) => changes !== null);
  const statements = [...new Set(fixable.map(({ table }) => table))].flatMap((name) => {
    const table = schema.get(name);
    if (table === undefined) return [];
    const all = fixable.flatMap((defect) => (defect.table === name ? (defect.changes ?? []) : []));
    const change = db.dialect.changeTable(table, together(table, all), schema);
    schema.set(name, change.table);
    return change.statements;
  });
  const summary = fixable.flatMap(({ done }) => done ?? []);
  return statements.length === 0 ? null : { summary, statements };
}

/** All changes of one table at once; a column with two of them gets both. */
function together(table: Table, all: readonly TableChanges[]): TableChanges {
  const parts = new Set(all.flatMap((changes) => Object.keys(changes) as (keyof TableChanges)[]));
  const each = [...parts].map((part) => {
    const wanted = all.flatMap((changes): readonly unknown[] => changes[part] ?? []);
    return [part, [...new Map(wanted.map((one) => [JSON.stringify(one), one])).values()]];
  });
  const columns = new Map<string, Column>();
  for (const to of all.flatMap(({ alterColumns = [] }) => alterColumns)) {
    const before = columnOf(table, to.name);
    const changed = Object.entries(to).filter(([name, value]) => before?.[name as keyof Column] !== value);
    columns.set(to.name, { ...(columns.get(to.name) ?? to), ...Object.fromEntries(changed) });
  }
  const alterColumns = columns.size === 0 ? {} : { alterColumns: [...columns.values()] };
  return { ...(Object.fromEntries(each) as TableChanges), ...alterColumns };
}

/**
 * What the tables that are there lack of one part of the target schema, found as migrations find it.
 *
 * @param part the part of a table's definition as changes that add it, e.g. its indexes only
 */
export function pendingPart(
  { schema, target, db }: CheckContext,
  part: (definition: Table, table: Table) => TableChanges,
): readonly { readonly table: Table; readonly pending: TableChanges }[] {
  const facts = { nulls: () => 0, zonedTimes: db.dialect.zonedTimes };
  return [...target.values()].flatMap((definition) => {
    const table = schema.get(definition.name);
    const pending = table === undefined ? null : pendingChanges(table, part(definition, table), facts);
    return table === undefined || pending === null ? [] : [{ table, pending }];
  });
}

/** Whether a table has all of these columns: a constraint on others has to wait for `schema.columns`. */
export function hasColumns(table: Table | undefined, columns: readonly string[]): boolean {
  return lostOf(table, columns).length === 0;
}

/** Those of the columns that a table has not. */
export function lostOf(table: Table | undefined, columns: readonly string[]): readonly string[] {
  return columns.filter((name) => columnOf(table, name) === undefined);
}
