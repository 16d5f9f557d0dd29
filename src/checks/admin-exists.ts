import { adminUser } from './admin-user.ts';
import { type Check, CLEAN } from './check.ts';

/** The administrator has an account. Making one takes a password, which is `mcpgw migrate`'s to ask for. */
export const adminExists: Check = {
  id: 'admin.exists',
  title: 'The administrator has an account',
  level: 'error',
  requires: ['email_users'],
  hint: 'Set PLATFORM_ADMIN_EMAIL and PLATFORM_ADMIN_PASSWORD and run: mcpgw migrate',
  async find(context) {
    if ((await adminUser(context)) !== null) return CLEAN;
    const findings = { count: 1, sample: [`there is no user ${context.adminEmail}`] };
    return context.settings.emailAuthEnabled
      ? findings
      : {
          ...findings,
          hint: 'EMAIL_AUTH_ENABLED is false, so mcpgw migrate makes none. Set it to true (and PLATFORM_ADMIN_EMAIL, PLATFORM_ADMIN_PASSWORD) and run: mcpgw migrate',
        };
  },
};
