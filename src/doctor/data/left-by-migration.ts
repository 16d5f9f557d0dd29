import { plural } from '../../report/plural.ts';
import type { OpenContext } from '../context.ts';
import type { Examination } from '../examination.ts';
import { plannedMigration } from './planned-migration.ts';
import { STATE_UNKNOWN, stateOf } from './state-of.ts';

/** What a migration would change beyond its schema, or leave to `fix`: known names, collisions, stray rows. */
export const leftByMigration: Examination<OpenContext> = {
  id: 'data.left-by-migration',
  title: 'A migration would leave nothing to be done by hand',
  level: 'warning',
  meaning:
    'mcpgw migrate runs all the same: rows that collide stay without an owner, and the other rows named here are changed as it says.',
  command: 'mcpgw migrate --dry-run',
  async find(context) {
    if ((await stateOf(context)) === null) return STATE_UNKNOWN;
    const planned = await plannedMigration(context);
    if (planned === null || 'refusal' in planned) return { count: 0, sample: [] };
    const { collisions, warnings } = planned.plan;
    const sample = collisions.flatMap(({ table, collisions: rows, unresolvable }) => [
      ...rows.map(
        ({ id, column, value, ownerEmail }) =>
          `${table.name} ${id}: ${ownerEmail} has ${column} “${value}” already`,
      ),
      ...(unresolvable > 0
        ? [`${table.name}: ${plural(unresolvable, 'row')} whose owner or team cannot be told`]
        : []),
    ]);
    // A line for each: rows that cannot be told are summed up in one.
    const count = collisions.reduce(
      (sum, { collisionCount, unresolvable }) => sum + collisionCount + Math.min(1, unresolvable),
      0,
    );
    return { count: count + warnings.length, sample: [...sample, ...warnings] };
  },
};
