import { sql } from 'kysely';
import { sameColumnSet, type Table, type Unique } from '../schema/model.ts';
import type { Check, CheckContext, Findings } from './check.ts';
import { changeTables, hasColumns, pendingPart } from './schema-part.ts';

/** Later releases of the gateway drop these by name; of all others only the columns count. */
const BY_NAME = /^uq_team_owner_/;

/** The uniques to ask of a table: those that are there under another name hold the same rule. */
function uniquesFor(definition: Table, table: Table): readonly Unique[] {
  return definition.uniques.filter(
    (unique) =>
      BY_NAME.test(unique.name ?? '') || !table.uniques.some((u) => sameColumnSet(u.columns, unique.columns)),
  );
}

interface MissingUnique {
  readonly table: string;
  readonly unique: Unique;
  /** The rule is there, under a name that later releases do not find. */
  readonly misnamed: boolean;
  /** Why it cannot be added, or null. */
  readonly obstacle: string | null;
}

async function missingUniques(context: CheckContext): Promise<MissingUnique[]> {
  const missing: MissingUnique[] = [];
  const pending = pendingPart(context, (definition, table) => ({
    addUniques: uniquesFor(definition, table),
  }));
  for (const { table, pending: changes } of pending) {
    for (const unique of changes.addUniques ?? []) {
      const misnamed = table.uniques.some((u) => sameColumnSet(u.columns, unique.columns));
      const obstacle = misnamed ? null : await obstacleTo(context, table, unique);
      missing.push({ table: table.name, unique, misnamed, obstacle });
    }
  }
  return missing;
}

async function obstacleTo({ db }: CheckContext, table: Table, { columns }: Unique): Promise<string | null> {
  if (!hasColumns(table, columns)) return 'its columns are not all there';
  const names = sql.join(columns.map((name) => sql.ref(name)));
  const filled = sql.join(
    columns.map((name) => sql`${sql.ref(name)} IS NOT NULL`),
    sql` AND `,
  );
  const [row] = await db.query<{ n: unknown }>(sql`
    SELECT count(*) AS n FROM
      (SELECT count(*) AS same FROM ${sql.table(table.name)} WHERE ${filled} GROUP BY ${names} HAVING count(*) > 1) d`);
  const repeated = Number(row?.n ?? 0);
  return repeated === 0
    ? null
    : `${repeated} ${repeated === 1 ? 'value is' : 'values are'} there more than once`;
}

const rule = (table: string, { name, columns }: Unique) =>
  `${table} (${columns.join(', ')}): unique${name === null ? '' : ` ${name}`}`;

/** Every unique is there: those per team and owner under their names, the others on their columns. */
export const schemaUniques: Check = {
  id: 'schema.uniques',
  title: 'Unique constraints',
  level: 'error',
  requires: [],
  hint: 'Run: mcpgw fix --only schema',
  async find(context): Promise<Findings> {
    const missing = await missingUniques(context);
    const obstacles = missing.filter(({ obstacle }) => obstacle !== null);
    return {
      count: missing.length,
      sample: missing.map(({ table, unique, misnamed, obstacle }) => {
        const why = obstacle === null ? '' : `, and cannot be added: ${obstacle}`;
        return `${rule(table, unique)} ${misnamed ? 'has another name' : 'is missing'}${why}`;
      }),
      unfixable: obstacles.length,
      ...(obstacles.length > 0
        ? {
            hint: 'Rename or remove rows that share a value, or run mcpgw migrate for columns that are missing; then run: mcpgw fix --only schema',
          }
        : {}),
    };
  },
  async repair(context) {
    const addable = (await missingUniques(context)).filter(({ obstacle }) => obstacle === null);
    const tables = [...new Set(addable.map(({ table }) => table))];
    return changeTables(
      context,
      tables.map((table) => {
        const uniques = addable.filter((missing) => missing.table === table);
        return {
          table,
          changes: {
            dropUniques: uniques.filter(({ misnamed }) => misnamed).map(({ unique }) => unique.columns),
            addUniques: uniques.map(({ unique }) => unique),
          },
          summary: uniques.map(({ unique }) => `${rule(table, unique)} is added`),
        };
      }),
    );
  },
};
