import type { Schema } from './model.ts';

/** The table in which the doctor keeps rows that it saved from a damaged file and that have no sure place. */
export const LOST_AND_FOUND = 'lost_and_found';

/** The tables of a schema that salvages made. */
export function setAsideTables(schema: Schema): string[] {
  const tables = [...schema.values()].filter(
    ({ name, columns }) =>
      (name === LOST_AND_FOUND || name.startsWith(`${LOST_AND_FOUND}_`)) &&
      columns.some((column) => column.name === 'why'),
  );
  return tables.map(({ name }) => name);
}
