import { rowCounts } from '../../database/row-counts.ts';
import { plural } from '../../report/plural.ts';
import { setAsideTables } from '../../schema/set-aside.ts';
import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { lookAtLostAndFound, SET_ASIDE_COLUMNS } from '../sqlite/salvage/lost-and-found.ts';
import { bringBack } from './bring-back.ts';

/** What a salvage left to be looked at, until somebody did. */
export const lostAndFound: Examination<OpenContext> = {
  id: 'data.lost-and-found',
  title: 'No rows of a salvage wait to be looked at',
  level: 'warning',
  meaning: `A salvage could read these rows, but not tell where they belong: ${SET_ASIDE_COLUMNS}. Bring those you know back into their tables before mcpgw fix deletes what points at them, then drop the table. The gateway and the migration leave it alone.`,
  async find(context) {
    const tables = lostAndFoundIn(context);
    const rows = await rowCounts(
      context.db,
      tables.map(({ table }) => table),
    );
    const sample = [...rows].map(([table, count]) => `${table}: ${plural(count, 'row')}`);
    const [first] = tables;
    if (first === undefined) return { count: 0, sample };
    const example = await bringBack(context.db, context.schema, first.table);
    return {
      count: sample.length,
      sample,
      command: first.look,
      ...(example === null
        ? {}
        : {
            hint: `${lostAndFound.meaning}\nTo bring back one row, for example, with your own values for '…' if there are any:\nSQL: ${example}`,
          }),
    };
  },
};

/** The tables that salvages made, each with the command that shows it. */
export function lostAndFoundIn({
  schema,
  target,
}: OpenContext): readonly { readonly table: string; readonly look: string }[] {
  if (target.dialect !== 'sqlite') return [];
  return setAsideTables(schema).map((name) => ({
    table: name,
    look: lookAtLostAndFound(target.path, name),
  }));
}
