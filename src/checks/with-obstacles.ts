import type { Collision } from '../ownership/collisions.ts';
import { joined, type Text } from '../report/advice.ts';
import type { OwnedTable } from '../schema/gateway-tables.ts';
import type { Findings } from './check.ts';
import { rowLine } from './row-line.ts';

/** What a repair of ownership cannot do in one table. */
export interface Obstacles {
  readonly table: OwnedTable;
  readonly collisions: readonly Collision[];
  readonly collisionCount: number;
  /** Rows of which nothing says where they belong. */
  readonly unresolvable: number;
}

/**
 * Findings of a check on ownership with what is in the way of its repair: collisions come first, row by row.
 *
 * @param hint the command that repairs the rest
 */
export function withObstacles(findings: Findings, found: readonly Obstacles[], hint: Text): Findings {
  const collisions = found.reduce((sum, { collisionCount }) => sum + collisionCount, 0);
  const unresolvable = found.reduce((sum, table) => sum + table.unresolvable, 0);
  const colliding = found.flatMap(({ table, collisions }) =>
    collisions.map((it) => ({ table: table.name, it })),
  );
  const lines = colliding.map(({ table, it: { id, column, value, teamId, ownerEmail } }) =>
    rowLine(table, id, value, `the ${column} is taken for team ${teamId} and owner ${ownerEmail}`),
  );
  const isShown = (line: string) => colliding.some(({ table, it }) => line.startsWith(`${table} ${it.id} `));
  const fixable = collisions + unresolvable < findings.count;
  return {
    ...findings,
    sample: [...lines, ...findings.sample.filter((line) => !isShown(`${line}`))],
    unfixable: collisions + unresolvable,
    hint: joined(
      [
        ...(collisions > 0
          ? [
              'Where a name is taken, rename one of the two in the gateway, or choose another team or owner with fix --team or --owner.',
            ]
          : []),
        ...(unresolvable > 0
          ? [
              'Where the other half of a row says nothing (an owner without a personal team, a team or owner that does not exist), choose with fix --team or --owner.',
            ]
          : []),
        ...(fixable ? [hint] : []),
      ],
      ' ',
    ),
  };
}
