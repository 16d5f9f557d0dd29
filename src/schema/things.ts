import type { Schema } from './model.ts';

/**
 * What a schema has, a text each, so that a database can be asked in one question whether it has all of it
 * (`Dialect.things`): `table.column`, `table!columns` of a unique, `table#columns` of an index, and
 * `table.column>parent` of a foreign key with `c` or `n` behind it for ON DELETE CASCADE or SET NULL. No names of
 * constraints: other names hold the same rules.
 */
export function thingsOf(schema: Schema): readonly string[] {
  const things = [...schema.values()].flatMap((table) => [
    ...table.columns.map(({ name }) => `${table.name}.${name}`),
    ...table.uniques.map(({ columns }) => `${table.name}!${columns.join(',')}`),
    ...table.indexes.map(({ columns }) => `${table.name}#${columns.join(',')}`),
    ...table.foreignKeys.map(
      (key) => `${table.name}.${key.column}>${key.table}${ON_DELETE[key.onDelete ?? 'NO ACTION']}`,
    ),
  ]);
  return [...new Set(things)];
}

const ON_DELETE = { CASCADE: 'c', 'SET NULL': 'n', 'NO ACTION': '' } as const;
