import { sql } from 'kysely';
import type { DoctorCheck } from '../../checks/check.ts';
import { CLEAN } from '../../checks/check.ts';
import type { Connection } from '../../database/connection.ts';
import { rowCounts } from '../../database/row-counts.ts';
import { advise, type Command, shell, sqlCommand } from '../../report/advice.ts';
import { plural } from '../../report/plural.ts';
import { shellWord } from '../../report/shell-word.ts';
import type { Schema } from '../../schema/model.ts';
import { setAsideTables } from '../../schema/set-aside.ts';
import type { OpenContext } from '../context.ts';

/** How to read a row of the table of rows without a sure place. */
export const SET_ASIDE_COLUMNS =
  'c0, c1 … are the columns of the table named in "table", in the order of that table, as many as "fields" says, and NULL where nothing could be read; "row" is its rowid, which a key of whole numbers is kept in';

/** The command that shows the rows without a sure place. @param path of the database */
export function lookAtLostAndFound(path: string, table: string): Command {
  return shell(`sqlite3 ${shellWord(path)} ${shellWord(`SELECT * FROM ${table}`)}`);
}

/** What a salvage left to be looked at, until somebody did. */
export const lostAndFound: DoctorCheck<OpenContext> = {
  id: 'data.lost-and-found',
  title: 'No rows of a salvage wait to be looked at',
  level: 'warning',
  hint: `A salvage could read these rows, but not tell where they belong: ${SET_ASIDE_COLUMNS}. Bring those you know back into their tables before mcpgw fix deletes what points at them, then drop the table. The gateway and the migration leave it alone.`,
  async find(context) {
    const tables = lostAndFoundIn(context);
    const [first] = tables;
    if (first === undefined) return CLEAN;
    const names = tables.map(({ table }) => table);
    const rows = await rowCounts(context.db, names);
    const sample = [...rows].map(([table, count]) => `${table}: ${plural(count, 'row')}`);
    const example = await bringBack(context.db, context.schema, first.table);
    return {
      count: sample.length,
      sample,
      command: first.look,
      ...(example === null
        ? {}
        : {
            hint: advise`${lostAndFound.hint}\nTo bring back one row, for example, with your own values for '…' if there are any:\nSQL: ${sqlCommand(example) ?? ''}`,
          }),
    };
  },
};

/** The tables that salvages made, each with the command that shows it. */
export function lostAndFoundIn({
  schema,
  target,
}: OpenContext): readonly { readonly table: string; readonly look: Command }[] {
  if (target.dialect !== 'sqlite') return [];
  return setAsideTables(schema).map((name) => ({
    table: name,
    look: lookAtLostAndFound(target.path, name),
  }));
}

/** Stands for a value that is lost and must be there. */
const LOST = "'…'";

/**
 * A statement that brings one row of a salvage back into its table, as an example of how it is done. It shows none
 * of its values.
 *
 * @param setAside the table that keeps such rows
 * @returns with `'…'` for each value that is lost and must be there; null where no row is known to be of one table
 */
async function bringBack(db: Connection, schema: Schema, setAside: string): Promise<string | null> {
  const names = [...schema.keys()].map((name) => sql.lit(name));
  const [row] = await db.query<Readonly<Record<string, unknown>>>(sql`
    SELECT * FROM ${sql.table(setAside)} WHERE "row" IS NOT NULL AND "table" IN (${sql.join(names)})
    ORDER BY page IS NULL, fields DESC, "table", "row" LIMIT 1`);
  const name = String(row?.table);
  const table = schema.get(name);
  if (row === undefined || table === undefined) return null;
  const { quote, literal } = db.dialect;
  const columns = table.columns.slice(0, Number(row.fields));
  const values = columns.map(({ autoincrement, nullable }, i) => {
    // A key that is the rowid is not stored a second time.
    if (autoincrement) return '"row"';
    return row[`c${i}`] === null && !nullable ? LOST : `c${i}`;
  });
  return (
    `INSERT INTO ${quote(name)} (${columns.map((column) => quote(column.name)).join(', ')}) ` +
    `SELECT ${values.join(', ')} FROM ${quote(setAside)} ` +
    `WHERE "table" = ${literal(name)} AND "row" = ${Number(row.row)};`
  );
}
