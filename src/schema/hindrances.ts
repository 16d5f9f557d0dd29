import { OWNED_TABLES } from './gateway-tables.ts';
import { type Column, columnOf, sameColumnSet, type Table } from './model.ts';
import { sameCheck } from './same-check.ts';

/** Something beside what the gateway's table should have that turns rows of the gateway away, or may. */
export interface Hindrance {
  /** For people, after the table's name. */
  readonly what: string;
  /** Whether it is known to turn rows away. */
  readonly rejects: boolean;
  /** The column that may not be NULL and has no default; null for anything else. */
  readonly column: Column | null;
}

/** All of them on one table: what is the gateway's own under its name is compared elsewhere. */
export function hindrancesOf(table: Table, definition: Table): Hindrance[] {
  const found = (what: string, column: Column | null = null): Hindrance => ({ what, rejects: true, column });
  const keys = [definition.primaryKey, ...definition.uniques.map(({ columns }) => columns)];
  const scoped: readonly string[] = OWNED_TABLES.find(({ name }) => name === table.name)?.scopedUniques ?? [];
  const allowed = allowedChecks(definition);
  return [
    ...table.columns
      .filter(({ name }) => columnOf(definition, name) === undefined)
      .filter((c) => !c.nullable && c.default === null && !c.autoincrement && c.generated !== true)
      .map((c) => found(`${c.name}: the column may not be NULL and has no default`, c)),
    ...table.uniques
      // One that has a key of the table in it turns away nothing that the key lets in.
      .filter(({ columns }) => !keys.some((key) => key.every((name) => columns.includes(name))))
      .filter(({ columns }) => !scoped.some((name) => sameColumnSet(columns, [name])))
      .filter(({ name }) => !isReplaced(table, definition, name))
      .map(({ name, columns }) => found(`unique${named(name)} (${columns.join(', ')})`)),
    ...table.checks
      .filter(({ name }) => name === '' || !definition.checks.some((check) => check.name === name))
      // One that is not enforced has none.
      .filter(({ expression }) => expression !== '')
      .filter((check) => !allowed.some((expression) => sameCheck(check, { expression })))
      .map(({ name, expression }) => found(`check${named(name)} (${expression})`)),
    ...table.foreignKeys
      .filter(({ column }) => !definition.foreignKeys.some((key) => key.column === column))
      .map(({ name, column, table: parent }) => found(`foreign key${named(name)} (${column}) → ${parent}`)),
    ...(table.extras ?? []).map(({ kind, name, rejects }) => ({
      what: `${kind} ${name}`,
      rejects,
      column: null,
    })),
  ];
}

/** Whether something of the gateway's own has that name, and takes it back (see `pendingChanges`). */
function isReplaced({ uniques }: Table, definition: Table, name: string | null): boolean {
  const isHeld = (columns: readonly string[]) => uniques.some((u) => sameColumnSet(u.columns, columns));
  return (
    name !== null &&
    (definition.indexes.some((index) => index.name === name) ||
      definition.uniques.some((unique) => unique.name === name && !isHeld(unique.columns)))
  );
}

const named = (name: string | null) => (name === null || name === '' ? '' : ` ${name}`);

/** What databases, and drivers before them, add to a column by its type; all of the gateway's values keep to it. */
function allowedChecks({ columns, checks }: Table): string[] {
  return [
    ...checks.map(({ expression }) => expression),
    ...columns.flatMap(({ name, kind, nullable }) => [
      ...(kind === 'json' ? [`json_valid(${name})`] : []),
      ...(kind === 'boolean' ? [`${name} IN (0, 1)`] : []),
      ...(nullable ? [] : [`${name} IS NOT NULL`]),
    ]),
  ];
}
