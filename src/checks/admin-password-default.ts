import { hashKind, verifyPassword } from '../seed/password.ts';
import { adminUser, noUser } from './admin-user.ts';
import { type Check, type CheckContext, CLEAN } from './check.ts';
import { perContext } from './per-context.ts';

/** The gateway's own default for PLATFORM_ADMIN_PASSWORD, which everybody can look up. */
const DEFAULT_PASSWORD = 'changeme';

/** One verification costs as much as a login: it is done once, beside the queries of other checks. */
const hasDefaultPassword = perContext(async (context: CheckContext): Promise<boolean> => {
  const hash = (await adminUser(context))?.password_hash ?? '';
  return hashKind(hash) !== 'unknown' && (await verifyPassword(hash, DEFAULT_PASSWORD));
});

/** The administrator does not have the password that every gateway starts with. */
export const adminPasswordDefault: Check = {
  id: 'admin.password-default',
  title: 'The administrator’s password is not the default',
  level: 'error',
  requires: ['email_users'],
  hint: 'Log in to the gateway as this administrator and change the password now, then run: mcpgw verify',
  ahead: hasDefaultPassword,
  async find(context) {
    const user = await adminUser(context);
    if (user === null) return noUser(context.adminEmail);
    const hash = user.password_hash ?? '';
    if (hashKind(hash) === 'unknown') {
      return { count: 0, sample: [], skipped: 'the password hash cannot be verified (admin.password-hash)' };
    }
    if (!(await hasDefaultPassword(context))) return CLEAN;
    return { count: 1, sample: [`${user.email} has the default password`] };
  },
};
