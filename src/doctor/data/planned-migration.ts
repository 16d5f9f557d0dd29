import { perContext } from '../../checks/per-context.ts';
import { GatewayError } from '../../errors.ts';
import { makePlan, type Plan } from '../../migrate/plan.ts';
import type { OpenContext } from '../context.ts';
import { stateOf } from './state-of.ts';

/** What `mcpgw migrate` would do, or why it refuses; null where it has been done, or the state is unknown. */
export type PlannedMigration = { readonly plan: Plan } | { readonly refusal: GatewayError };

/** As `migrate` plans it, once for all that ask. */
export const plannedMigration = perContext(async (context: OpenContext): Promise<PlannedMigration | null> => {
  const { db, inspected, now, thorough } = context;
  const state = await stateOf(context);
  if (state === null || state.release === '0.7.0') return null;
  try {
    const plan = await makePlan(db, {
      settings: inspected.settings,
      now,
      // The text of every statement takes scans of large tables.
      purpose: thorough ? 'show' : 'outline',
      adopt: false,
      marker: false,
    });
    return { plan };
  } catch (error) {
    if (error instanceof GatewayError) return { refusal: error };
    throw error;
  }
});
