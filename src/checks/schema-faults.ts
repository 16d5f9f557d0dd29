import type { Connection } from '../database/connection.ts';
import { noProgress } from '../progress.ts';
import type { Settings } from '../settings/settings.ts';
import { DATA_CHECKS } from './data-checks.ts';
import { isProblem } from './run-check.ts';
import { selectChecks } from './select.ts';
import { runVerify } from './verify.ts';

/** The checks of the schema that find something which keeps the gateway from working, by id. */
export async function findSchemaFaults(db: Connection, settings: Settings): Promise<readonly string[]> {
  const input = { settings, overrides: {}, now: new Date() };
  const { checks } = await runVerify(db, selectChecks(DATA_CHECKS, ['schema'], undefined), input, noProgress);
  return checks.filter(isProblem).map(({ id }) => id);
}
