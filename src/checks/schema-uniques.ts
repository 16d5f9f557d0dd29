import type { TableChanges } from '../migrate/migration.ts';
import { releaseSchema } from '../migrate/release-schema.ts';
import type { SharedValues } from '../migrate/shared-values.ts';
import { uniqueObstacle } from '../migrate/unique-obstacle.ts';
import { plural } from '../report/plural.ts';
import { columnOf, sameColumnSet, type Table, type Unique } from '../schema/model.ts';
import type { Check, CheckContext, Findings } from './check.ts';
import { missingColumnHints } from './missing-columns.ts';
import { rowLine } from './row-line.ts';
import { changeTables, pendingPart } from './schema-part.ts';

/**
 * The uniques to ask of a table. Those that v0.7.0 names are dropped by that name in later releases of the gateway;
 * of all others, and of those that v0.6.0 had under whatever name, only the columns count.
 */
function uniquesFor(definition: Table, table: Table): readonly Unique[] {
  const former = releaseSchema('0.6.0').get(definition.name)?.uniques ?? [];
  const isIn = (uniques: readonly Unique[], { columns }: Unique) =>
    uniques.some((u) => sameColumnSet(u.columns, columns));
  return definition.uniques.filter(
    (unique) => (unique.name !== null && !isIn(former, unique)) || !isIn(table.uniques, unique),
  );
}

interface MissingUnique {
  readonly table: string;
  readonly unique: Unique;
  /** The rule is there, under a name that later releases do not find. */
  readonly misnamed: boolean;
  /** What bears its name or holds its rule otherwise, and goes. */
  readonly instead: Pick<TableChanges, 'dropUniques' | 'dropIndexes'>;
  /** Columns of it that are not there. */
  readonly without: readonly string[];
  /** Rows that it would not allow, or null. */
  readonly shared: SharedValues | null;
}

async function missingUniques(context: CheckContext): Promise<MissingUnique[]> {
  const missing: MissingUnique[] = [];
  const pending = pendingPart(context, (definition, table) => ({
    addUniques: uniquesFor(definition, table),
  }));
  for (const { table, pending: changes } of pending) {
    const { addUniques = [], dropUniques = [], dropIndexes = [] } = changes;
    for (const unique of addUniques) {
      const misnamed = table.uniques.some((u) => sameColumnSet(u.columns, unique.columns));
      const without = unique.columns.filter((name) => columnOf(table, name) === undefined);
      const question = { arriving: context.settings.emailAuthEnabled, limit: context.sampleSize };
      const shared = misnamed ? null : await uniqueObstacle(context.db, table, unique, question);
      const instead = { dropUniques, dropIndexes };
      missing.push({ table: table.name, unique, misnamed, instead, without, shared });
    }
  }
  return missing;
}

const isAddable = ({ without, shared }: MissingUnique) => without.length === 0 && shared === null;

const rule = (table: string, { name, columns }: Unique) =>
  `${table} (${columns.join(', ')}): unique${name === null ? '' : ` ${name}`}`;

function findingsOf({ table, unique, misnamed, without, shared }: MissingUnique): string[] {
  const why = [
    ...(without.length > 0 ? [`without ${without.join(', ')}`] : []),
    ...(shared === null ? [] : [`${plural(shared.rows, 'row')} share ${plural(shared.values, 'value')}`]),
  ];
  const obstacle = why.length === 0 ? '' : `, and cannot be added: ${why.join(', and ')}`;
  return [
    `${rule(table, unique)} ${misnamed ? 'has another name' : 'is missing'}${obstacle}`,
    ...(shared?.sample ?? []).map(({ id, value }) =>
      rowLine(table, id, value, `not the only one with its ${unique.columns.join(', ')}`),
    ),
  ];
}

/** What has to be done before the rest can be added. */
function hintFor(missing: readonly MissingUnique[], isShared: boolean): Pick<Findings, 'hint' | 'first'> {
  if (isShared) {
    const all = 'All rows that share a value: mcpgw verify --only schema.uniques --verbose';
    return {
      first: true,
      hint: `Rename or remove all but one of them, then run: mcpgw fix --only schema\n${all}`,
    };
  }
  const lost = missing.flatMap(({ table, without }) => without.map((column) => ({ table, column })));
  return lost.length === 0 ? {} : { hint: missingColumnHints(lost).join('\n') };
}

/** Every unique is there: those per team and owner under their names, the others on their columns. */
export const schemaUniques: Check = {
  id: 'schema.uniques',
  title: 'Unique constraints',
  level: 'error',
  hint: 'Run: mcpgw fix --only schema',
  async find(context): Promise<Findings> {
    const missing = await missingUniques(context);
    const shared = missing.flatMap((each) => each.shared ?? []);
    const inTheWay = shared.reduce((sum, { rows }) => sum + rows, 0);
    return {
      count: missing.length + inTheWay,
      sample: missing.flatMap(findingsOf),
      unfixable: missing.filter((each) => !isAddable(each)).length + inTheWay,
      ...hintFor(missing, shared.length > 0),
    };
  },
  async repair(context) {
    const addable = (await missingUniques(context)).filter(isAddable);
    const tables = [...new Set(addable.map(({ table }) => table))];
    return changeTables(
      context,
      tables.map((table) => {
        const uniques = addable.filter((missing) => missing.table === table);
        return {
          table,
          changes: {
            ...uniques[0]?.instead,
            addUniques: uniques.map(({ unique }) => unique),
          },
          summary: uniques.map(({ unique }) => `${rule(table, unique)} is added`),
        };
      }),
    );
  },
};
