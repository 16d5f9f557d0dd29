import { sql } from 'kysely';
import { advise, afterwards, mcpgw, type Text } from '../report/advice.ts';
import { columnOf } from '../schema/model.ts';
import { otherAdmins } from '../seed/find-admin.ts';
import type { CheckContext, Findings } from './check.ts';
import { perContext } from './per-context.ts';

/** The advice for what a migration repairs. */
export const RUN_MIGRATE = advise`Run: ${mcpgw('migrate')}`;

/** The administrators that are there besides the one that the checks are about. */
export const knownAdmins = perContext(({ db, schema, adminEmail }) => otherAdmins(db, schema, adminEmail));

/**
 * What to do where nothing can be done in the name of the administrator that the checks are about: there is no
 * such account, or what belongs to one is damaged so that a migration repairs it first.
 */
export const noAdminHint = perContext(async (context): Promise<Text> => {
  if (await isThere(context)) return RUN_MIGRATE;
  const [first, ...more] = await knownAdmins(context);
  if (first !== undefined) {
    const there =
      more.length === 0 ? `administrator is ${first}` : `administrators are ${[first, ...more].join(', ')}`;
    return `This database’s ${there}: set PLATFORM_ADMIN_EMAIL=${first}; mcpgw migrate would make one more.`;
  }
  return context.settings.emailAuthEnabled
    ? advise`Set PLATFORM_ADMIN_EMAIL and PLATFORM_ADMIN_PASSWORD.\n${RUN_MIGRATE}`
    : WITHOUT_EMAIL_AUTH;
});

/** While it is false a migration makes no administrator, and gives no row an owner. */
export const WITHOUT_EMAIL_AUTH = advise`EMAIL_AUTH_ENABLED is false, so nobody is made administrator. Set it to true or unset it, set PLATFORM_ADMIN_EMAIL and PLATFORM_ADMIN_PASSWORD, then run: ${afterwards(mcpgw('migrate'))}`;

async function isThere({ db, schema, adminEmail }: CheckContext): Promise<boolean> {
  if (columnOf(schema.get('email_users'), 'email') === undefined) return false;
  return (await db.query(sql`SELECT email FROM email_users WHERE email = ${adminEmail}`)).length > 0;
}

/** Findings that nothing can be done about without an administrator. */
export async function nobodyToGiveTo(context: CheckContext, findings: Findings): Promise<Findings> {
  return {
    ...findings,
    unfixable: findings.count,
    hint: advise`There is no administrator to give them to. ${await noAdminHint(context)}`,
  };
}
