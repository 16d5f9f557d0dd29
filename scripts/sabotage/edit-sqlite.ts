import { openFile } from '../../src/database/sqlite/driver.ts';

/** A change of what SQLite keeps of a table, made as no DDL of its own would allow. */
export interface EditSqlite {
  readonly table: string;
  change(text: string): string;
}

/** Edits of the text of a table that stands as our migrations write it: a line for each column. */
export const editColumn = {
  add: (text: string, column: string) =>
    text.replace(/\(\n/, (start) => start).replace(/,\n {2}(?=PRIMARY KEY)/, `,\n  ${column},\n  `),
  append: (text: string, name: string, what: string) => text.replace(lineOf(name), (line) => line + what),
  remove: (text: string, name: string, what: string) =>
    text.replace(lineOf(name), (line) => line.replace(what, '')),
};

const lineOf = (name: string) => new RegExp(`(?<=\\n {2})"?${name}"? [^\\n]*?(?=,\\n|\\n)`);

/** @throws Error when nothing was changed by it */
export function editSqlite(path: string, { table, change }: EditSqlite): void {
  const file = openFile(path);
  try {
    file.unsafeMode(true);
    const before = file.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(table) as string;
    const after = change(before);
    if (after === before) throw new Error(`nothing to edit in ${table}: ${before}`);
    file.pragma('writable_schema = ON');
    file.prepare('UPDATE sqlite_schema SET sql = ? WHERE name = ?').run(after, table);
    file.pragma('writable_schema = RESET');
  } finally {
    file.close();
  }
}
