import { loginLimit } from '../settings/admin-email.ts';
import { adminUser, noUser } from './admin-user.ts';
import { type Check, CLEAN } from './check.ts';

/** The administrator's address is one that every way to log in takes. */
export const adminLogin: Check = {
  id: 'admin.login',
  title: 'The administrator can log in everywhere',
  level: 'warning',
  requires: ['email_users'],
  hint: 'For a login by the API, make an administrator with another address: set PLATFORM_ADMIN_EMAIL to it and run mcpgw migrate. The form at /admin works with this one.',
  async find(context) {
    const user = await adminUser(context);
    if (user === null) return noUser(context.adminEmail);
    const limit = loginLimit(user.email);
    return limit === null ? CLEAN : { count: 1, sample: [`${user.email} ${limit}`] };
  },
};
