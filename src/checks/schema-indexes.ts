import { columnOf, type Index } from '../schema/model.ts';
import type { Check, CheckContext } from './check.ts';
import { missingColumnHints } from './missing-columns.ts';
import { changeTables, hasColumns, pendingPart } from './schema-part.ts';

function missingIndexes(context: CheckContext) {
  return pendingPart(context, (definition) => ({ addIndexes: definition.indexes })).map(
    ({ table, pending }) => {
      const indexes = pending.addIndexes ?? [];
      const possible = indexes.filter((index) => hasColumns(table, index.columns));
      // What has that name and is another index goes first.
      const dropIndexes = (pending.dropIndexes ?? []).filter((name) => possible.some((i) => i.name === name));
      const dropUniques = possible.length === 0 ? [] : (pending.dropUniques ?? []);
      return { table: table.name, indexes, possible, instead: { dropIndexes, dropUniques } };
    },
  );
}

const line = (table: string, { name, columns }: Index) => `${table} (${columns.join(', ')}): index ${name}`;

/** Every index is there, under its name or as another on the same columns. */
export const schemaIndexes: Check = {
  id: 'schema.indexes',
  title: 'Indexes',
  level: 'error',
  hint: 'Run: mcpgw fix --only schema.indexes',
  async find(context) {
    const missing = missingIndexes(context);
    const sample = missing.flatMap(({ table, indexes }) =>
      indexes.map((i) => `${line(table, i)} is missing`),
    );
    const unfixable = missing.reduce(
      (sum, { indexes, possible }) => sum + indexes.length - possible.length,
      0,
    );
    const lost = missing.flatMap(({ table, indexes }) =>
      indexes.flatMap(({ columns }) =>
        columns
          .filter((name) => columnOf(context.schema.get(table), name) === undefined)
          .map((column) => ({ table, column })),
      ),
    );
    const hint =
      unfixable > 0 ? { hint: ['Their columns are missing.', ...missingColumnHints(lost)].join('\n') } : {};
    return { count: sample.length, sample, unfixable, ...hint };
  },
  async repair(context) {
    return changeTables(
      context,
      missingIndexes(context)
        .filter(({ possible }) => possible.length > 0)
        .map(({ table, possible, instead }) => ({
          table,
          changes: { ...instead, addIndexes: possible },
          summary: possible.map((i) => `${line(table, i)} is added`),
        })),
    );
  },
};
