import type { TableChanges } from './changed.ts';
import {
  type Column,
  columnOf,
  type ForeignKey,
  type Index,
  sameColumnSet,
  sameColumns,
  type Table,
  type Unique,
} from './model.ts';
import { sameCheck } from './same-check.ts';

/** What the database can tell that a schema cannot. */
export interface Facts {
  /** Rows that hold NULL in a column. */
  nulls(table: string, column: string): number;
  /** Whether the database keeps times with a zone apart from times without. */
  readonly zonedTimes: boolean;
  /** Whether a column can hold characters without a bound under the name it has with one. */
  readonly unboundedStrings?: boolean;
}

/** The part of `wanted` that is not there yet; null when all of it is. */
export function pendingChanges(table: Table, wanted: TableChanges, facts: Facts): TableChanges | null {
  const goes = (unique: Unique) => wanted.dropUniques?.some((c) => sameColumnSet(c, unique.columns)) ?? false;
  const staying = table.indexes.filter(({ name }) => !wanted.dropIndexes?.includes(name));
  const addUniques = (wanted.addUniques ?? []).filter((u) => goes(u) || !hasUnique(table, u));
  const missing = missingIndexes({ indexes: staying }, wanted.addIndexes ?? []);
  const addIndexes = (wanted.addIndexes ?? []).filter(
    (i) => missing.includes(i) || table.uniques.some((u) => u.name === i.name),
  );
  // What bears the name of something that is to come, or holds its rule under another, goes first.
  const names = new Set([
    ...addUniques.map((u) => u.name ?? u.columns[0] ?? ''),
    ...addIndexes.map((i) => i.name),
  ]);
  const inTheWay = table.uniques.filter(
    (u) => names.has(u.name ?? '') || addUniques.some(({ columns }) => sameColumnSet(u.columns, columns)),
  );
  const wrongKeys = (wanted.addForeignKeys ?? [])
    .filter((key) => table.foreignKeys.some((k) => k.column === key.column && !sameKey(k, key)))
    .map(({ column }) => column);
  const pending: TableChanges = {
    dropUniques: [
      ...(wanted.dropUniques ?? []).filter((c) => table.uniques.some((u) => sameColumnSet(u.columns, c))),
      ...inTheWay.map((u) => u.columns),
    ],
    dropForeignKeys: [
      ...(wanted.dropForeignKeys ?? []).filter((c) => table.foreignKeys.some((k) => k.column === c)),
      ...wrongKeys,
    ],
    dropChecks: [
      ...(wanted.dropChecks ?? []).filter((name) => table.checks.some((c) => c.name === name)),
      ...(wanted.addChecks ?? []).flatMap((check) =>
        table.checks.some((c) => c.name === check.name && !sameCheck(c, check)) ? [check.name] : [],
      ),
    ],
    dropIndexes: [
      ...(wanted.dropIndexes ?? []).filter(
        (name) => !names.has(name) && table.indexes.some((i) => i.name === name),
      ),
      ...table.indexes.filter((i) => names.has(i.name)).map((i) => i.name),
    ],
    dropColumns: (wanted.dropColumns ?? []).filter((name) => columnOf(table, name) !== undefined),
    addColumns: (wanted.addColumns ?? []).filter(({ column }) => columnOf(table, column.name) === undefined),
    fills: (wanted.fills ?? []).filter(
      ({ column }) => columnOf(table, column) !== undefined && facts.nulls(table.name, column) > 0,
    ),
    alterColumns: (wanted.alterColumns ?? []).flatMap((to) => altered(columnOf(table, to.name), to, facts)),
    addUniques,
    addIndexes,
    addForeignKeys: (wanted.addForeignKeys ?? []).filter(
      (key) => wrongKeys.includes(key.column) || !table.foreignKeys.some((k) => sameKey(k, key)),
    ),
    addChecks: (wanted.addChecks ?? []).filter(
      (check) => !table.checks.some((c) => c.name === check.name && sameCheck(c, check)),
    ),
  };
  return Object.values(pending).some((part) => part.length > 0) ? pending : null;
}

/** What an existing table lacks of its definition, as changes that add it. */
export function changesTowards(table: Table, definition: Table): TableChanges {
  return {
    addColumns: definition.columns
      .filter((column) => columnOf(table, column.name) === undefined)
      .map((column) => ({ column })),
    alterColumns: definition.columns.filter((column) => {
      const existing = columnOf(table, column.name);
      if (existing === undefined) return false;
      const mayBeNull = existing.nullable && !column.nullable && column.fill !== null;
      return mayBeNull || (column.autoincrement && !existing.autoincrement);
    }),
    // Named differently by another release, it holds the same rule.
    addUniques: definition.uniques.filter(
      (unique) => !table.uniques.some((u) => sameColumnSet(u.columns, unique.columns)),
    ),
    addIndexes: definition.indexes,
    addForeignKeys: definition.foreignKeys,
    addChecks: definition.checks,
  };
}

function hasUnique(table: Table, unique: Unique): boolean {
  return table.uniques.some(
    (u) =>
      sameColumnSet(u.columns, unique.columns) &&
      (unique.name === null || (u.name === unique.name && u.constraint)),
  );
}

/** Whether a foreign key that is there is the one that is wanted, and holds. */
export function sameKey(actual: ForeignKey, wanted: ForeignKey): boolean {
  return (
    actual.column === wanted.column &&
    actual.table === wanted.table &&
    actual.onDelete === wanted.onDelete &&
    // SQLite leaves the column out of a key that points at the primary key.
    (actual.references === wanted.references || actual.references === '') &&
    actual.unenforced !== true
  );
}

/** An index is there under its name, or as another on the same columns that is not itself wanted. */
export function missingIndexes({ indexes }: Pick<Table, 'indexes'>, wanted: readonly Index[]): Index[] {
  const names = new Set(wanted.map((index) => index.name));
  const spare = indexes.filter((index) => !names.has(index.name));
  return wanted.filter((index) => {
    if (indexes.some((i) => i.name === index.name && sameColumns(i.columns, index.columns))) return false;
    const standIn = spare.findIndex((i) => sameColumns(i.columns, index.columns));
    if (standIn < 0) return true;
    spare.splice(standIn, 1);
    return false;
  });
}

/** The existing column with the nullability, default and kind wanted, or nothing when it has them. */
function altered(from: Column | undefined, to: Column, facts: Facts): Column[] {
  if (from === undefined) return [];
  const timeChanges = facts.zonedTimes && isTime(from) && isTime(to) && from.kind !== to.kind;
  const counts = to.autoincrement && !from.autoincrement;
  const widens = facts.unboundedStrings === true && to.unbounded && isBoundedOrText(from);
  const same = from.nullable === to.nullable && from.default === to.default;
  if (!timeChanges && !counts && !widens && same) return [];
  return [
    {
      ...from,
      ...(widens ? { length: null, unbounded: true } : {}),
      kind: timeChanges || counts || widens ? to.kind : from.kind,
      autoincrement: counts || from.autoincrement,
      nullable: to.nullable,
      default: to.default,
      fill: to.fill,
    },
  ];
}

const isBoundedOrText = ({ kind, length }: Column) =>
  kind === 'text' || (kind === 'string' && length !== null);
const isTime = (column: Column) => column.kind === 'datetime' || column.kind === 'naive-datetime';
