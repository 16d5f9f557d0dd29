import { checkContext } from '../../checks/context.ts';
import { nextCommand } from '../../checks/next-command.ts';
import { perContext } from '../../checks/per-context.ts';
import { CHECKS } from '../../checks/registry.ts';
import { runCheck } from '../../checks/run-check.ts';
import { inSavepoint } from '../../database/in-savepoint.ts';
import type { CheckReport } from '../../report/report.ts';
import type { Settings } from '../../settings/settings.ts';
import type { OpenContext } from '../context.ts';
import { stateOf } from './state-of.ts';

/** The file has examinations of its own, which name what `--repair` can do, and so has an address in the settings. */
const isExaminedElsewhere = (check: string, { adminEmailIsDefault }: Settings) =>
  check === 'database.integrity' || (check === 'admin.login' && !adminEmailIsDefault);
/** Trying the default password costs as much as a login, 0.1 s by design: left to `--verbose` and to `verify`. */
const TAKES_ITS_TIME = 'admin.password-default';

export interface Verified {
  readonly reports: readonly CheckReport[];
  /** As `verify` says it; empty when there is nothing to do. */
  readonly next: string;
}

/** The checks of `verify` on a database at v0.7.0, run once; null for any other. */
export const verified = perContext(async (context: OpenContext): Promise<Verified | null> => {
  const state = await stateOf(context);
  if (state?.release !== '0.7.0') return null;
  const { db, inspected, now, thorough } = context;
  const input = { settings: inspected.settings, overrides: {}, now };
  const checked = await checkContext(db, input);
  const reports: CheckReport[] = [];
  await inSavepoint(db, async (guard) => {
    for (const check of CHECKS) {
      if (isExaminedElsewhere(check.id, inspected.settings)) continue;
      if (check.id === TAKES_ITS_TIME && !thorough) continue;
      reports.push((await runCheck(check, checked, guard)).report);
    }
  });
  return { reports, next: nextCommand(state.release, reports) };
});
