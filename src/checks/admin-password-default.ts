import { sql } from 'kysely';
import { advise, mcpgw } from '../report/advice.ts';
import { activeAdmins } from '../seed/default-password.ts';
import { hashKind, hashPassword } from '../seed/password.ts';
import { DEFAULT_ADMIN_PASSWORD } from '../settings/credentials.ts';
import { brokenPasswordRules } from '../settings/password-policy.ts';
import { adminUser, noUser } from './admin-user.ts';
import { type Check, type CheckContext, CLEAN } from './check.ts';
import { perContext } from './per-context.ts';

const FIX = advise`Run: ${mcpgw('fix', '--only', 'admin.password-default')}`;

interface Guessable {
  /** Administrators with the default password. */
  readonly emails: readonly string[];
  /** The one of them that must stay, since without it nobody could administer; null when somebody else can. */
  readonly kept: string | null;
  /** There is a password to give to that one. */
  readonly hasPassword: boolean;
}

/** Asked once: each verification costs as much as a login, and is done beside the queries of other checks. */
const guessable = perContext(async (context: CheckContext): Promise<Guessable> => {
  const { db, schema, adminEmail, settings } = context;
  const admins = await activeAdmins(db, schema, adminEmail);
  const emails = admins.filter((admin) => admin.hasDefaultPassword).map(({ email }) => email);
  const isGuarded = admins.some((admin) => admin.logsIn && !admin.hasDefaultPassword);
  const password = settings.platformAdminPassword;
  return {
    emails,
    kept: emails.includes(adminEmail) ? adminEmail : isGuarded ? null : (emails[0] ?? null),
    hasPassword: password !== DEFAULT_ADMIN_PASSWORD && brokenPasswordRules(password, settings).length === 0,
  };
});

/** No administrator who can log in has the password that every gateway starts with. */
export const adminPasswordDefault: Check = {
  id: 'admin.password-default',
  title: 'No administrator’s password is the default',
  level: 'error',
  requires: ['email_users'],
  hint: FIX,
  ahead: guessable,
  async find(context) {
    const { emails, kept, hasPassword } = await guessable(context);
    const user = await adminUser(context);
    if (emails.length === 0) {
      if (user === null) return noUser(context.adminEmail);
      if (hashKind(user.password_hash ?? '') !== 'unknown') return CLEAN;
      return { count: 0, sample: [], skipped: 'the password hash cannot be verified (admin.password-hash)' };
    }
    const unfixable = kept !== null && !hasPassword ? 1 : 0;
    return {
      count: emails.length,
      sample: emails.map((email) => `${email} has the default password`),
      unfixable,
      ...(unfixable === 0
        ? {}
        : {
            hint: advise`Log in to the gateway as ${kept ?? ''} and change the password now, then run: ${mcpgw('verify')}\nOr set PLATFORM_ADMIN_PASSWORD to the new one.\n${FIX}`,
          }),
    };
  },
  async repair(context) {
    const { emails, kept, hasPassword } = await guessable(context);
    const { db, settings } = context;
    const others = emails.filter((email) => email !== kept);
    const change = (values: ReturnType<typeof sql>, of: readonly string[]) => ({
      ...db.compile(sql`UPDATE email_users SET ${values} WHERE email IN (${sql.join([...of])})`),
      counts: 'written' as const,
      table: 'email_users',
    });
    const summary = others.map((email) => `${email} becomes inactive: it has the default password`);
    const statements =
      others.length === 0 ? [] : [change(sql`is_active = ${db.dialect.boolean(false)}`, others)];
    if (kept !== null && hasPassword) {
      const { hash, type } = await hashPassword(settings.platformAdminPassword, settings);
      summary.push(`${kept} gets the password in PLATFORM_ADMIN_PASSWORD`);
      statements.push(change(sql`password_hash = ${hash}, password_hash_type = ${type}`, [kept]));
    }
    return statements.length === 0 ? null : { summary, statements };
  },
};
