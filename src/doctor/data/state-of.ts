import { perContext } from '../../checks/per-context.ts';
import { GatewayError } from '../../errors.ts';
import { readRevisions, recogniseState, type State } from '../../migrate/state.ts';
import type { OpenContext } from '../context.ts';

/** The state of the database, read once; null for one that no migration starts from (`data.release`). */
export const stateOf = perContext(async ({ db, schema }: OpenContext): Promise<State | null> => {
  try {
    return recogniseState(schema, await readRevisions(db, schema));
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'STATE') return null;
    throw error;
  }
});

/** What an examination answers that is about a state it does not know: that is no pass. */
export const STATE_UNKNOWN = {
  count: 0,
  sample: [],
  skipped: 'the state of the data is not known (data.release)',
};
