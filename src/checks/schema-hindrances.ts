import { type Hindrance, hindrancesOf } from '../schema/hindrances.ts';
import { columnOf } from '../schema/model.ts';
import type { Check, CheckContext } from './check.ts';
import { changeTables } from './schema-part.ts';

interface OnTable extends Hindrance {
  readonly table: string;
}

function hindrances({ schema, target }: CheckContext, rejects: boolean): OnTable[] {
  return [...target.values()].flatMap((definition) => {
    const table = schema.get(definition.name);
    const found = table === undefined ? [] : hindrancesOf(table, definition);
    return found.filter((one) => one.rejects === rejects).map((one) => ({ ...one, table: definition.name }));
  });
}

const BY_HAND =
  'mcpgw takes away nothing that others made: drop it, or change it so that it lets in every row of the gateway.';

/**
 * Nothing beside what the gateway's tables should have turns its rows away. A column of somebody else's is let be
 * NULL, which takes nothing away; whatever else it is, others made it on purpose.
 */
export const schemaHindrances: Check = {
  id: 'schema.hindrances',
  title: 'Nothing else on the gateway’s tables turns rows away',
  level: 'error',
  hint: 'Run: mcpgw fix --only schema.hindrances',
  async find(context) {
    const found = hindrances(context, true);
    const unfixable = found.filter(({ column }) => column === null).length;
    return {
      count: found.length,
      sample: found.map(({ table, what, column }) =>
        column === null ? `${table}: ${what}` : `${table}.${what}`,
      ),
      unfixable,
      ...(unfixable > 0 ? { hint: BY_HAND } : {}),
    };
  },
  async repair(context) {
    return changeTables(
      context,
      hindrances(context, true).flatMap(({ table, column }) => {
        // An earlier repair may have changed it.
        const from = column === null ? undefined : columnOf(context.schema.get(table), column.name);
        if (from === undefined) return [];
        const summary = [`${table}.${from.name}, which is not the gateway’s, may be NULL`];
        return [{ table, changes: { alterColumns: [{ ...from, nullable: true }] }, summary }];
      }),
    );
  },
};

/** What others put on the gateway's tables and of which nobody but them can say what it does to a row. */
export const schemaAdditions: Check = {
  id: 'schema.additions',
  title: 'Triggers and rules of others on the gateway’s tables',
  level: 'warning',
  hint: 'If the gateway fails to write, look there first: what they do cannot be told from here.',
  async find(context) {
    const found = hindrances(context, false);
    return { count: found.length, sample: found.map(({ table, what }) => `${table}: ${what}`) };
  },
};
