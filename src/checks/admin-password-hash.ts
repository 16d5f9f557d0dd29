import { hashKind } from '../seed/password.ts';
import { adminUser, noUser } from './admin-user.ts';
import { type Check, CLEAN } from './check.ts';

/** The administrator's password is stored as something that can be verified at all. */
export const adminPasswordHash: Check = {
  id: 'admin.password-hash',
  title: 'The administrator’s password hash can be verified',
  level: 'error',
  requires: ['email_users'],
  hint: 'The administrator cannot log in. Let another administrator set a new password in the gateway (admin UI or API), then run: mcpgw verify',
  async find(context) {
    const user = await adminUser(context);
    if (user === null) return noUser(context.adminEmail);
    const hash = user.password_hash ?? '';
    if (hashKind(hash) !== 'unknown') return CLEAN;
    const what = hash === '' ? 'no password hash' : 'a password hash that is neither Argon2 nor bcrypt';
    return { count: 1, sample: [`${user.email} has ${what}`] };
  },
};
