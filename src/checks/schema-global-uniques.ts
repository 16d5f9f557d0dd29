import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { sameColumnSet } from '../schema/model.ts';
import type { Check, CheckContext } from './check.ts';
import { changeTables, hasColumns } from './schema-part.ts';

interface GlobalUnique {
  readonly table: string;
  readonly column: string;
  readonly names: readonly string[];
  /** False while the table has no owner yet, under whom the name could be unique instead. */
  readonly fixable: boolean;
}

function globalUniques({ schema }: CheckContext): GlobalUnique[] {
  return OWNED_TABLES.flatMap(({ name, scopedUniques }) =>
    scopedUniques.flatMap((column): GlobalUnique[] => {
      const table = schema.get(name);
      const found = (table?.uniques ?? []).filter((unique) => sameColumnSet(unique.columns, [column]));
      if (found.length === 0) return [];
      const names = found.flatMap((unique) => (unique.name === null ? [] : [unique.name]));
      return [{ table: name, column, names, fixable: hasColumns(table, ['team_id', 'owner_email']) }];
    }),
  );
}

/**
 * Names of v0.6.0 that were unique everywhere are unique per team and owner in v0.7.0. The gateway's own
 * upgrade leaves the old rule in place, which then refuses a name that another team uses.
 */
export const schemaGlobalUniques: Check = {
  id: 'schema.global-uniques',
  title: 'Uniques of v0.6.0 that should be gone',
  level: 'error',
  hint: 'Run: mcpgw fix --only schema',
  async find(context) {
    const found = globalUniques(context);
    const sample = found.map(({ table, column, names }) => {
      const named = names.length === 0 ? '' : ` (${names.join(', ')})`;
      return `${table}.${column}: still unique across all teams and owners${named}`;
    });
    const unfixable = found.filter(({ fixable }) => !fixable).length;
    const hint = unfixable > 0 ? { hint: 'Run: mcpgw migrate' } : {};
    return { count: sample.length, sample, unfixable, ...hint };
  },
  async repair(context) {
    const fixable = globalUniques(context).filter((unique) => unique.fixable);
    const tables = [...new Set(fixable.map(({ table }) => table))];
    return changeTables(
      context,
      tables.map((table) => {
        const columns = fixable.filter((unique) => unique.table === table).map(({ column }) => column);
        return {
          table,
          changes: { dropUniques: columns.map((column) => [column]) },
          summary: columns.map(
            (column) => `${table}.${column} is no longer unique across all teams and owners`,
          ),
        };
      }),
    );
  },
};
