import type { TestDatabase } from './databases.ts';

/** Makes an empty table of a SQLite database anew from its own text with a part of it replaced; keeps its indexes. */
export async function recreate(
  database: TestDatabase,
  table: string,
  part: RegExp,
  by: string,
): Promise<void> {
  const text = async (type: string) =>
    database.query(
      `SELECT group_concat(sql, ';') FROM sqlite_schema WHERE type = '${type}' AND tbl_name = '${table}' AND sql IS NOT NULL`,
    );
  const create = await text('table');
  const indexes = await text('index');
  if (!part.test(create)) throw new Error(`${part} is not in: ${create}`);
  await database.query(
    `DROP TABLE ${table}; ${create.replace(part, by)}; ${indexes === 'NULL' ? '' : indexes}`,
  );
}
