import { releaseSchema } from '../migrate/release-schema.ts';
import { uniqueObstacle } from '../migrate/shared-values.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import { sameColumnSet, type Table, type Unique } from '../schema/model.ts';
import { missingColumnHint } from './missing-columns.ts';
import { rowLine } from './row-line.ts';
import { type Defect, lostOf, pendingPart, schemaCheck } from './schema-part.ts';

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

const RENAME = advise`Rename or remove all but one of them, then run: ${mcpgw('fix', '--only', 'schema')}\nAll rows that share a value: ${mcpgw('verify', '--only', 'schema.uniques', '--verbose')}`;

/** Every unique is there: those per team and owner under their names, the others on their columns. */
export const schemaUniques = schemaCheck({
  id: 'schema.uniques',
  title: 'Unique constraints',
  hint: advise`Run: ${mcpgw('fix', '--only', 'schema')}`,
  async defects(context) {
    const found: Defect[] = [];
    const part = (definition: Table, table: Table) => ({ addUniques: uniquesFor(definition, table) });
    const question = { arriving: context.settings.emailAuthEnabled, limit: context.sampleSize };
    for (const { table, pending } of pendingPart(context, part)) {
      const { addUniques = [], dropUniques = [], dropIndexes = [] } = pending;
      for (const unique of addUniques) {
        const { name, columns } = unique;
        // The rule is there, under a name that later releases do not find.
        const isMisnamed = table.uniques.some((u) => sameColumnSet(u.columns, columns));
        const lost = lostOf(table, columns);
        const shared = isMisnamed ? null : await uniqueObstacle(context.db, table, unique, question);
        const why = [
          ...(lost.length > 0 ? [`without ${lost.join(', ')}`] : []),
          ...(shared === null
            ? []
            : [`${plural(shared.rows, 'row')} share ${plural(shared.values, 'value')}`]),
        ];
        const obstacle = why.length === 0 ? '' : `, and cannot be added: ${why.join(', and ')}`;
        const rule = `${table.name} (${columns.join(', ')}): unique${name === null ? '' : ` ${name}`}`;
        const rows = (shared?.sample ?? []).map(({ id, value }) =>
          rowLine(table.name, id, value, `not the only one with its ${columns.join(', ')}`),
        );
        found.push({
          table: table.name,
          lines: [`${rule} ${isMisnamed ? 'has another name' : 'is missing'}${obstacle}`, ...rows],
          // What bears its name or holds its rule otherwise goes.
          changes: obstacle === '' ? { dropUniques, dropIndexes, addUniques: [unique] } : null,
          done: `${rule} is added`,
          hint: shared === null ? lost.map((column) => missingColumnHint(table.name, column)) : [RENAME],
          rows: shared?.rows ?? 0,
        });
      }
    }
    return found;
  },
});
