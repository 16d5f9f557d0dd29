import { findDangling } from '../migrate/mends.ts';
import type { Text } from '../report/advice.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { sameColumnSet, type Table } from '../schema/model.ts';
import type { CheckContext } from './check.ts';
import { missingColumnHint } from './missing-columns.ts';
import { RUN_MIGRATE } from './no-admin.ts';
import { type Defect, lostOf, pendingPart, schemaCheck } from './schema-part.ts';

/** Every foreign key is there and does what it should when the row it points at goes. */
export const schemaForeignKeys = schemaCheck({
  id: 'schema.foreign-keys',
  title: 'Foreign keys',
  async defects(context) {
    const { db, schema, repaired } = context;
    const found: Defect[] = [];
    for (const { table, pending } of pendingPart(context, ({ foreignKeys }) => ({
      addForeignKeys: foreignKeys,
    }))) {
      for (const key of pending.addForeignKeys ?? []) {
        const { column, table: parent, references, onDelete } = key;
        const unmet = hintsFor(context, table, key);
        const asks = unmet.length === 0 && !repaired.has(`${table.name}.${column}`);
        const [dangling] = asks ? await findDangling(db, [{ table: table.name, key }], schema) : [];
        const rows = dangling?.rows ?? 0;
        const points = `, and ${rows} ${rows === 1 ? 'row points' : 'rows point'} at nothing`;
        const why = unmet.length > 0 ? ', and so is what it needs' : rows > 0 ? points : '';
        const then = onDelete === null ? '' : `, on delete ${onDelete.toLowerCase()}`;
        const described = `${table.name}.${column} → ${parent}.${references}${then}: the foreign key is`;
        // One of this column that points elsewhere, or does something else when its row goes.
        const isOther = pending.dropForeignKeys?.includes(column) ?? false;
        found.push({
          table: table.name,
          lines: [`${described} ${isOther ? 'another one' : 'missing'}${why}`],
          changes: why === '' ? { dropForeignKeys: isOther ? [column] : [], addForeignKeys: [key] } : null,
          done: `${described} added`,
          hint:
            rows > 0
              ? [
                  advise`For rows that point at nothing: ${mcpgw('fix', '--only', 'foreign-keys,ownership,schema')}`,
                ]
              : unmet,
        });
      }
    }
    return found;
  },
});

/** What has to be there before a foreign key can be: its column, and a key of its parent. */
function hintsFor(
  { schema }: CheckContext,
  table: Table,
  { column, table: name, references }: { column: string; table: string; references: string },
): readonly Text[] {
  const parent = schema.get(name);
  const lost = lostOf(table, [column]).map((each) => missingColumnHint(table.name, each));
  if (parent === undefined) return [...lost, RUN_MIGRATE];
  const lostThere = lostOf(parent, [references]).map((each) => missingColumnHint(name, each));
  const keys = [parent.primaryKey, ...parent.uniques.map(({ columns }) => columns)];
  const isKey = keys.some((columns) => sameColumnSet(columns, [references]));
  return [
    ...lost,
    ...lostThere,
    ...(isKey || lostThere.length > 0
      ? []
      : ['What they point at has no key: schema.primary-keys and schema.uniques say more.']),
  ];
}
