import type { Statement } from '../database/statement.ts';
import { GATEWAY_TABLES } from '../schema/gateway-tables.ts';
import type { Plan } from './plan.ts';

export interface TablesToLock {
  /** Nobody else may use these. */
  readonly changed: readonly string[];
  /** The gateway's others: nobody else may write to these, so that row counts can be compared. */
  readonly others: readonly string[];
}

/**
 * @param tables every table that is there
 */
export function tablesToLock(
  plan: Pick<Plan, 'changed' | 'assigned'>,
  tables: Iterable<string>,
): TablesToLock {
  const owned = [...plan.assigned].filter(([, rows]) => rows > 0).map(([name]) => name);
  const changes = new Set([...plan.changed, ...owned]);
  const sorted = [...tables].toSorted();
  return {
    changed: sorted.filter((name) => changes.has(name)),
    others: sorted.filter((name) => !changes.has(name) && GATEWAY_TABLES.has(name)),
  };
}

/**
 * The same for statements that are not a migration's: only tables that they touch.
 *
 * @param tables every table that is there
 */
export function tablesTouched(statements: readonly Statement[], tables: Iterable<string>): TablesToLock {
  const changed = new Set(statements.flatMap(({ effect }) => effect?.table ?? []));
  const written = new Set(statements.flatMap(({ table }) => table ?? []));
  const sorted = [...tables].toSorted();
  return {
    changed: sorted.filter((name) => changed.has(name)),
    others: sorted.filter((name) => written.has(name) && !changed.has(name)),
  };
}
