import { advise, mcpgw } from '../report/advice.ts';
import { planSso, staleLine } from '../seed/plan-sso.ts';
import { type Check, CLEAN, found } from './check.ts';
import { perContext } from './per-context.ts';

const ID = 'sso.providers';

const plannedSso = perContext(({ db, settings, now, overrides: { disableStale } }) =>
  planSso(db, true, { settings, now, disableStale }),
);

/** The providers of single sign-on are what a start of v0.7.0 makes of the settings (CONFIGURATION E). */
export const ssoProviders: Check = {
  id: ID,
  title: 'Providers of single sign-on as the settings have them',
  level: 'warning',
  requires: ['sso_providers', 'sso_auth_sessions'],
  hint: advise`Run: ${mcpgw('fix', '--only', ID)}\nWhat the settings themselves have wrong is yours to correct; the values that would result: ${mcpgw('config')}`,
  async find(context) {
    if (!context.settings.ssoEnabled) return CLEAN;
    const { changes, stale, warnings, refusal } = await plannedSso(context);
    const unfixable = [...(refusal?.details ?? []), ...warnings];
    const hint = advise`To turn off what the settings do not name: ${mcpgw('fix', '--only', ID, '--disable-stale')}`;
    return found([...changes.map(([line]) => line), ...stale.map(staleLine), ...unfixable], {
      unfixable: unfixable.length + stale.length,
      ...(stale.length > 0 ? { hint } : {}),
    });
  },
  async repair(context) {
    const { changes } = await plannedSso(context);
    if (changes.length === 0) return null;
    return {
      summary: changes.map(([line]) => line),
      statements: changes.flatMap(([, statements]) => statements),
    };
  },
};
