import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { plural } from '../report/plural.ts';
import { type Schema, sameColumnSet, type Unique } from '../schema/model.ts';
import type { Recording } from './record.ts';
import type { SharedValues } from './shared-values.ts';
import { uniqueObstacle } from './unique-obstacle.ts';

const LIST = 'mcpgw verify --only schema.uniques --verbose';

/**
 * Refuses rows that a unique which is to be added would not allow; nothing has been written yet.
 *
 * @param arriving rows that lack `team_id` and `owner_email` all get the same ones
 * @throws GatewayError PREFLIGHT with the rows
 */
export async function refuseShared(
  db: Connection,
  before: Schema,
  { schema: after, fills }: Pick<Recording, 'schema' | 'fills'>,
  arriving: boolean,
): Promise<void> {
  const details: string[] = [];
  for (const table of before.values()) {
    for (const unique of after.get(table.name)?.uniques ?? []) {
      const filled = new Map(
        unique.columns.flatMap((name) => {
          const value = fills.get(`${table.name}.${name}`);
          return value === undefined ? [] : [[name, value] as const];
        }),
      );
      const isThere = table.uniques.some((u) => sameColumnSet(u.columns, unique.columns));
      if (isThere && filled.size === 0) continue;
      const shared = await uniqueObstacle(db, table, unique, { arriving, filled });
      if (shared !== null) details.push(...describe(unique, shared));
    }
  }
  if (details.length === 0) return;
  throw new GatewayError('PREFLIGHT', 'Rows share values that v0.7.0 does not allow twice.', {
    details,
    hint: `Rename or remove all but one of the rows that share a value, then run mcpgw migrate again. All of them: ${LIST}`,
  });
}

function describe(unique: Unique, { table, values, rows, sample }: SharedValues): string[] {
  const more = rows - sample.length;
  return [
    `${table} (${unique.columns.join(', ')}) is to be unique, but ${plural(rows, 'row')} share ${plural(values, 'value')}:`,
    ...sample.map(({ id, value }) => `  ${table} ${id}${value === '' ? '' : `: “${value}”`}`),
    ...(more > 0 ? [`  … and ${plural(more, 'more row', 'more rows')}`] : []),
  ];
}
