import { DATA_CHECKS } from '../../checks/data-checks.ts';
import { nextCommand } from '../../checks/next-command.ts';
import { perContext } from '../../checks/per-context.ts';
import { checkData } from '../../checks/verify.ts';
import { inSavepoint } from '../../database/in-savepoint.ts';
import { GatewayError } from '../../errors.ts';
import { makePlan, type Plan } from '../../migrate/plan.ts';
import { readRevisions, recogniseState, type State } from '../../migrate/state.ts';
import { noProgress } from '../../progress.ts';
import type { Command } from '../../report/advice.ts';
import type { DraftCheck } from '../../report/report.ts';
import type { Settings } from '../../settings/settings.ts';
import type { OpenContext } from '../context.ts';

/** The state of the database, read once; the refusal of one that no migration starts from. */
export const stateOf = perContext(async ({ db, schema }: OpenContext): Promise<State | GatewayError> => {
  try {
    return recogniseState(schema, await readRevisions(db, schema));
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'STATE') return error;
    throw error;
  }
});

/** What `mcpgw migrate` would do, or why it refuses; null where it has been done, or the state is unknown. */
export const plannedMigration = perContext(
  async (context: OpenContext): Promise<Plan | GatewayError | null> => {
    const { db, inspected, now, thorough } = context;
    const state = await stateOf(context);
    if (state instanceof GatewayError || state.release === '0.7.0') return null;
    try {
      return await inSavepoint(db, () =>
        makePlan(db, {
          settings: inspected.settings,
          now,
          // The text of every statement takes scans of large tables.
          purpose: thorough ? 'show' : 'outline',
          adopt: false,
          marker: false,
        }),
      );
    } catch (error) {
      const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
      // What else fails is no word on the data.
      if (known !== null && (known === error || known.code === 'PERMISSION')) return known;
      throw error;
    }
  },
);

/** The file has checks of its own, which name what `--repair` can do, and so has an address in the settings. */
const isCheckedElsewhere = (check: string, { adminEmailIsDefault }: Settings) =>
  check === 'database.integrity' || (check === 'admin.login' && !adminEmailIsDefault);
/** Trying the default password costs as much as a login, 0.1 s by design: left to `--verbose` and to `verify`. */
const TAKES_ITS_TIME = 'admin.password-default';

interface Verified {
  readonly reports: readonly DraftCheck[];
  /** As `verify` says it. */
  readonly next: Command | undefined;
}

/** The checks of `verify` on a database at v0.7.0, run once; null for any other. */
export const verified = perContext(async (context: OpenContext): Promise<Verified | null> => {
  const state = await stateOf(context);
  if (state instanceof GatewayError || state.release !== '0.7.0') return null;
  const { db, now, thorough, inspected } = context;
  const { settings } = inspected;
  const wanted = DATA_CHECKS.filter(
    ({ id }) => !isCheckedElsewhere(id, settings) && (thorough || id !== TAKES_ITS_TIME),
  );
  const { checks, migrated } = await checkData(db, wanted, { settings, overrides: {}, now }, noProgress);
  return { reports: checks, next: nextCommand(state.release, checks, migrated) };
});
