import { sql } from 'kysely';
import { advise, mcpgw } from '../report/advice.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { hindrancesOf } from '../schema/hindrances.ts';
import { columnOf, sameColumnSet } from '../schema/model.ts';
import type { CheckContext } from './check.ts';
import { missingColumnHint } from './missing-columns.ts';
import { RUN_MIGRATE } from './no-admin.ts';
import { type Defect, hasColumns, lostOf, pendingPart, schemaCheck } from './schema-part.ts';

/** Every table that the migrations lead to is there; others are nobody's business. */
export const schemaTables = schemaCheck({
  id: 'schema.tables',
  title: 'Tables',
  hint: RUN_MIGRATE,
  repairs: false,
  defects: ({ schema, target }) =>
    [...target.keys()]
      .filter((table) => !schema.has(table))
      .map((table) => ({ table, lines: [`${table}: the table is missing`], changes: null })),
});

/** Every table has the primary key that the gateway tells its rows apart by. */
export const schemaPrimaryKeys = schemaCheck({
  id: 'schema.primary-keys',
  title: 'Primary keys',
  hint: 'Nothing here can tell which of two rows with one key is right: add the key yourself (ALTER TABLE … ADD PRIMARY KEY) once its values are unique, or restore a backup.',
  repairs: false,
  defects: ({ schema, target }) =>
    [...target.values()].flatMap(({ name, primaryKey }): Defect[] => {
      const table = schema.get(name);
      if (table === undefined || sameColumnSet(table.primaryKey, primaryKey)) return [];
      const there = table.primaryKey.length === 0 ? 'none' : `(${table.primaryKey.join(', ')})`;
      const line = `${name}: the primary key is ${there}, not (${primaryKey.join(', ')})`;
      return [{ table: name, lines: [line], changes: null }];
    }),
});

/**
 * Names of v0.6.0 that were unique everywhere are unique per team and owner in v0.7.0. The gateway's own
 * upgrade leaves the old rule in place, which then refuses a name that another team uses.
 */
export const schemaGlobalUniques = schemaCheck({
  id: 'schema.global-uniques',
  title: 'Uniques of v0.6.0 that should be gone',
  hint: advise`Run: ${mcpgw('fix', '--only', 'schema')}`,
  defects: ({ schema }) =>
    OWNED_TABLES.flatMap(({ name, scopedUniques }) =>
      scopedUniques.flatMap((column): Defect[] => {
        const table = schema.get(name);
        const uniques = (table?.uniques ?? []).filter((unique) => sameColumnSet(unique.columns, [column]));
        if (uniques.length === 0) return [];
        const names = uniques.flatMap((unique) => unique.name ?? []).join(', ');
        // Without an owner yet there is nobody under whom the name could be unique instead.
        const isFixable = hasColumns(table, ['team_id', 'owner_email']);
        const line = `${name}.${column}: still unique across all teams and owners${names && ` (${names})`}`;
        return [
          {
            table: name,
            lines: [line],
            changes: isFixable ? { dropUniques: [[column]] } : null,
            done: `${name}.${column} is no longer unique across all teams and owners`,
            hint: [RUN_MIGRATE],
          },
        ];
      }),
    ),
});

function hindrances({ schema, target }: CheckContext, rejects: boolean) {
  return [...target.values()].flatMap((definition) => {
    const table = schema.get(definition.name);
    const all = table === undefined ? [] : hindrancesOf(table, definition);
    return all.filter((one) => one.rejects === rejects).map((one) => ({ ...one, table: definition.name }));
  });
}

/**
 * Nothing beside what the gateway's tables should have turns its rows away. A column of somebody else's is let be
 * NULL, which takes nothing away; whatever else it is, others made it on purpose.
 */
export const schemaHindrances = schemaCheck({
  id: 'schema.hindrances',
  title: 'Nothing else on the gateway’s tables turns rows away',
  defects: (context) =>
    hindrances(context, true).map(({ table, what, column }) => {
      // An earlier repair may have changed it.
      const from = column === null ? undefined : columnOf(context.schema.get(table), column.name);
      return {
        table,
        lines: [column === null ? `${table}: ${what}` : `${table}.${what}`],
        changes: from === undefined ? null : { alterColumns: [{ ...from, nullable: true }] },
        done: `${table}.${from?.name}, which is not the gateway’s, may be NULL`,
        hint: [
          'mcpgw takes away nothing that others made: drop it, or change it so that it lets in every row of the gateway.',
        ],
      };
    }),
});

/** What others put on the gateway's tables and of which nobody but them can say what it does to a row. */
export const schemaAdditions = schemaCheck({
  id: 'schema.additions',
  title: 'Triggers and rules of others on the gateway’s tables',
  level: 'warning',
  hint: 'If the gateway fails to write, look there first: what they do cannot be told from here.',
  repairs: false,
  defects: (context) =>
    hindrances(context, false).map(({ table, what }) => ({
      table,
      lines: [`${table}: ${what}`],
      changes: null,
    })),
});

/** Every index is there, under its name or as another on the same columns. */
export const schemaIndexes = schemaCheck({
  id: 'schema.indexes',
  title: 'Indexes',
  defects: (context) =>
    pendingPart(context, ({ indexes }) => ({ addIndexes: indexes })).flatMap(({ table, pending }) =>
      (pending.addIndexes ?? []).map((index) => {
        const lost = lostOf(table, index.columns);
        const line = `${table.name} (${index.columns.join(', ')}): index ${index.name}`;
        // What has that name and is another index goes first.
        const dropIndexes = (pending.dropIndexes ?? []).filter((name) => name === index.name);
        const instead = { dropIndexes, dropUniques: pending.dropUniques ?? [] };
        return {
          table: table.name,
          lines: [`${line} is missing`],
          changes: lost.length > 0 ? null : { ...instead, addIndexes: [index] },
          done: `${line} is added`,
          hint: [
            'Their columns are missing.',
            ...lost.map((column) => missingColumnHint(table.name, column)),
          ],
        };
      }),
    ),
});

/** Every check constraint of the target is there under its name, and holds its rule. */
export const schemaChecks = schemaCheck({
  id: 'schema.checks',
  title: 'Check constraints',
  async defects(context) {
    const found: Defect[] = [];
    for (const { table, pending } of pendingPart(context, ({ checks }) => ({ addChecks: checks }))) {
      for (const constraint of pending.addChecks ?? []) {
        const { name, expression } = constraint;
        const columns = (context.target.get(table.name)?.columns ?? [])
          .map((column) => column.name)
          .filter((column) => new RegExp(`\\b${column}\\b`).test(expression));
        const isThere = hasColumns(table, columns);
        const isRepaired = columns.some((column) => context.repaired.has(`${table.name}.${column}`));
        const against = isThere && !isRepaired ? await rowsAgainst(context, table.name, expression) : 0;
        const rows = `, and ${against} ${against === 1 ? 'row does' : 'rows do'} not keep to it`;
        const why = !isThere ? ', and its column too' : against > 0 ? rows : '';
        const isOther = pending.dropChecks?.includes(name) ?? false;
        found.push({
          table: table.name,
          lines: [`${table.name}: ${name} (${expression}) is ${isOther ? 'another one' : 'missing'}${why}`],
          changes: why === '' ? { dropChecks: isOther ? [name] : [], addChecks: [constraint] } : null,
          done: `${table.name}: ${name} is added`,
          hint: [
            advise`Repair the rows first, with: ${mcpgw('fix', '--only', 'team.visibility,schema.checks')}`,
          ],
        });
      }
    }
    return found;
  },
});

async function rowsAgainst({ db }: CheckContext, table: string, expression: string): Promise<number> {
  const [row] = await db.query<{ n: unknown }>(
    sql`SELECT count(*) AS n FROM ${sql.table(table)} WHERE NOT (${sql.raw(expression)})`,
  );
  return Number(row?.n ?? 0);
}
