import type { ColumnKind, Schema } from './model.ts';

/** What a database takes for the same kind of column. */
export interface KindFacts {
  readonly zonedTimes: boolean;
  readonly jsonIsText: boolean;
}

/** A letter for the kinds that do for one another (as `schema.columns` has it). */
function familyOf(kind: ColumnKind, { zonedTimes, jsonIsText }: KindFacts): string {
  if (kind === 'text' || (kind === 'json' && jsonIsText)) return 'string';
  if (kind === 'naive-datetime' && !zonedTimes) return 'datetime';
  return kind === 'bigint' ? 'integer' : kind;
}

/** The same in SQL, for the types of a database. `test` is true of a type. */
export function familyCase(
  kinds: Readonly<Record<string, ColumnKind>>,
  facts: KindFacts,
  test: (type: string) => string,
): string {
  const cases = Object.entries(kinds).map(
    ([type, kind]) => `WHEN ${test(type)} THEN '${familyOf(kind, facts)}'`,
  );
  return `CASE ${cases.join(' ')} ELSE '' END`;
}

/**
 * What a schema has, a text each, so that a database can be asked in one question whether it has all of it and
 * nothing that turns rows away besides (`Dialect.things`). No names of constraints: other names hold the same rules.
 *
 * - `table.column:family`, with `<n` behind it where the column is bounded to so many characters, `-` where it may
 *   not be NULL, `+` where it counts up
 * - `table^columns` the primary key, `table!columns` a unique, `table#columns` an index
 * - `table.column>parent` a foreign key, with `c` or `n` behind it for ON DELETE CASCADE or SET NULL
 * - `table?words` a check
 *
 * @returns each thing as the texts that do for it
 */
export function thingsOf(schema: Schema, facts: KindFacts): readonly (readonly string[])[] {
  const things = new Map<string, readonly string[]>();
  const add = (first: string, ...others: string[]) => things.set(first, [first, ...others]);
  for (const { name: table, columns, primaryKey, uniques, indexes, foreignKeys, checks } of schema.values()) {
    for (const { name, kind, length, nullable, autoincrement } of columns) {
      const text = `${table}.${name}:${familyOf(kind, facts)}`;
      const rest = `${nullable ? '' : '-'}${autoincrement ? '+' : ''}`;
      // Many are longer where v0.6.0 made them.
      const bounds = length === null ? [] : [length, ...(length < 255 ? [255] : [])];
      add(text + rest, ...bounds.map((n) => `${text}<${n}${rest}`));
    }
    add(`${table}^${primaryKey.join(',')}`);
    for (const unique of uniques) add(`${table}!${unique.columns.join(',')}`);
    for (const index of indexes) add(`${table}#${index.columns.join(',')}`);
    for (const key of foreignKeys) {
      add(`${table}.${key.column}>${key.table}${ON_DELETE[key.onDelete ?? 'NO ACTION']}`);
    }
    for (const { expression } of checks) add(`${table}?${checkWords(expression)}`);
  }
  return [...things.values()];
}

/** A list of values as what it has in every database: the column, and the values with a blank before each. */
export const checkWords = (expression: string) => expression.replaceAll(/(?: IN |[\s(),])+/g, ' ').trim();

const ON_DELETE = { CASCADE: 'c', 'SET NULL': 'n', 'NO ACTION': '' } as const;
