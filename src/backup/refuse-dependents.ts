import type { Dependent } from '../database/backup-tool.ts';
import { GatewayError } from '../errors.ts';

/**
 * What keeps a restore from dropping what it replaces, and would not come back with the backup; null when nothing.
 *
 * @param canRollBack the database was migrated after the backup
 */
export function refusedDependents(
  dependents: readonly Dependent[],
  canRollBack: boolean,
): GatewayError | null {
  if (dependents.length === 0) return null;
  const again = dependents.toReversed().flatMap(({ drop, again }) => {
    return again === null ? `-- what was dropped by: ${drop};` : `${again};`.split('\n');
  });
  return new GatewayError(
    'PREFLIGHT',
    'What is not in the backup depends on what the restore would drop and make again.',
    {
      details: [
        'First, in this order:',
        ...dependents.map(({ drop }) => `${drop};`),
        'Afterwards, as it was:',
        ...again,
      ],
      hint: `Run the statements of the first part, restore, and make it again with those of the second (owners, grants, rows and indexes of it are not in them).${canRollBack ? ' Or go back without dropping the tables: mcpgw rollback' : ''}\nNothing was changed.`,
    },
  );
}
