import { hashKind } from '../seed/password.ts';
import { adminUser, noUser } from './admin-user.ts';
import { type Check, CLEAN } from './check.ts';

/** v0.7.0 of the gateway verifies Argon2 only and ignores `password_hash_type` (COMPATIBILITY §4). */
export const adminPasswordBcrypt: Check = {
  id: 'admin.password-bcrypt',
  title: 'The administrator’s password hash is Argon2',
  level: 'warning',
  requires: ['email_users'],
  hint: 'v0.7.0 of the gateway verifies Argon2 only: unless yours verifies bcrypt, this administrator cannot log in, and 5 tries lock the account for 30 minutes. Let another administrator set a new password in the gateway (admin UI or API), then run: mcpgw verify',
  async find(context) {
    const user = await adminUser(context);
    if (user === null) return noUser(context.adminEmail);
    if (hashKind(user.password_hash ?? '') !== 'bcrypt') return CLEAN;
    return { count: 1, sample: [`${user.email} has a bcrypt hash`] };
  },
};
