import { commandIn } from '../../report/command-in.ts';
import { credentialProblems } from '../../settings/credentials.ts';
import type { OpenContext } from '../context.ts';
import type { DoctorFindings, Examination } from '../examination.ts';
import { plannedMigration } from './planned-migration.ts';
import { STATE_UNKNOWN, stateOf } from './state-of.ts';

/** Everything that `migrate` would refuse, asked without writing: so that it is known before the maintenance. */
export const ready: Examination<OpenContext> = {
  id: 'data.ready',
  title: 'mcpgw migrate would not refuse the data',
  level: 'error',
  meaning: 'mcpgw migrate refuses to start, and changes nothing, until this is mended.',
  async find(context): Promise<DoctorFindings> {
    if ((await stateOf(context)) === null) return STATE_UNKNOWN;
    const planned = await plannedMigration(context);
    if (planned === null) return { count: 0, sample: ['at v0.7.0 already'] };
    const { settings, sources } = context.inspected;
    const credentials = settings.emailAuthEnabled
      ? credentialProblems(settings, (name) => sources.get(name), { strict: true, allowDefaults: false })
      : [];
    const missing = await context.db.dialect.missingPrivileges(context.db, [...context.schema.keys()]);
    const privileges = missing.map((text) => `this user may not ${text}`);
    if ('refusal' in planned) {
      const { message, details, hint } = planned.refusal;
      return {
        count: 1 + details.length + privileges.length + credentials.length,
        sample: [message, ...details, ...privileges, ...credentials],
        hint,
        command: commandIn(hint),
      };
    }
    const sample = [...privileges, ...credentials];
    if (sample.length === 0) return { count: 0, sample: stepsOf(planned.plan.steps) };
    return { count: sample.length, sample, ...(privileges.length === 0 ? { hint: SEE_SETTINGS } : {}) };
  },
};

const SEE_SETTINGS =
  'mcpgw migrate refuses to start until it knows the administrator: set PLATFORM_ADMIN_EMAIL and PLATFORM_ADMIN_PASSWORD, or PLATFORM_ADMIN_PASSWORD_FILE, in the environment or in .env.';

function stepsOf(
  steps: readonly { readonly title: string; readonly statements: readonly unknown[] }[],
): string[] {
  return steps.filter(({ statements }) => statements.length > 0).map(({ title }) => `planned: ${title}`);
}
