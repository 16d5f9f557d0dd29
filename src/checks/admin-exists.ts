import { adminUser } from './admin-user.ts';
import { type Check, CLEAN } from './check.ts';
import { knownAdmins, noAdminHint, RUN_MIGRATE } from './no-admin.ts';

/** The administrator has an account. Making one takes a password, which is `mcpgw migrate`'s to ask for. */
export const adminExists: Check = {
  id: 'admin.exists',
  title: 'The administrator has an account',
  level: 'error',
  requires: ['email_users'],
  hint: RUN_MIGRATE,
  async find(context) {
    if ((await adminUser(context)) !== null) return CLEAN;
    return {
      count: 1,
      sample: [`there is no user ${context.adminEmail}`],
      hint: await noAdminHint(context),
      first: (await knownAdmins(context)).length > 0,
    };
  },
};
