import { sql } from 'kysely';
import { isTrue } from '../database/is-true.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { hashKind } from '../seed/password.ts';
import { loginLimit } from '../settings/admin-email.ts';
import { type AdminUser, adminUser, noUser } from './admin-user.ts';
import { type Check, CLEAN, found } from './check.ts';
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
    const first = (await knownAdmins(context)).length > 0;
    return found([`there is no user ${context.adminEmail}`], { hint: await noAdminHint(context), first });
  },
};

/** A check of the administrator's account, a line for each thing that is wrong with it. */
function ofAdmin(
  check: Omit<Check, 'requires' | 'find'>,
  wrong: (user: AdminUser) => readonly string[],
): Check {
  return {
    ...check,
    requires: ['email_users'],
    async find(context) {
      const user = await adminUser(context);
      return user === null
        ? noUser(context.adminEmail)
        : found(wrong(user).map((what) => `${user.email} ${what}`));
    },
  };
}

/** The administrator's account is one that can log in and administer. */
export const adminAccount = ofAdmin(
  {
    id: 'admin.account',
    title: 'The administrator is admin, active, not locked',
    level: 'error',
    hint: advise`Run: ${mcpgw('fix', '--only', 'admin.account')}`,
    async repair({ db, adminEmail }) {
      const yes = db.dialect.boolean(true);
      const change = sql`UPDATE email_users SET is_admin = ${yes}, is_active = ${yes}, locked_until = NULL, failed_login_attempts = 0
                         WHERE email = ${adminEmail}`;
      return {
        summary: [
          `${adminEmail} becomes an active, unlocked administrator: whoever has its password may change everything`,
        ],
        statements: [{ ...db.compile(change), counts: 'written', table: 'email_users' }],
      };
    },
  },
  ({ is_admin, is_active, is_locked, locked_until: until }) => [
    ...(isTrue(is_admin) ? [] : ['is not an administrator']),
    ...(isTrue(is_active) ? [] : ['is not active']),
    // PostgreSQL's driver returns a Date, the others the text they store, which is UTC.
    ...(isTrue(is_locked)
      ? [`is locked until ${until instanceof Date ? until.toISOString() : `${until} UTC`}`]
      : []),
  ],
);

/** The administrator's address is one that every way to log in takes. */
export const adminLogin = ofAdmin(
  {
    id: 'admin.login',
    title: 'The administrator can log in everywhere',
    level: 'warning',
    hint: 'For a login by the API, make an administrator with another address: set PLATFORM_ADMIN_EMAIL to it and run mcpgw migrate. The form at /admin works with this one.',
  },
  ({ email }) => [loginLimit(email)].filter((limit) => limit !== null),
);

/** The administrator's password is stored as something that can be verified at all. */
export const adminPasswordHash = ofAdmin(
  {
    id: 'admin.password-hash',
    title: 'The administrator’s password hash can be verified',
    level: 'error',
    hint: advise`The administrator cannot log in. Let another administrator set a new password in the gateway (admin UI or API), then run: ${mcpgw('verify')}`,
  },
  ({ password_hash: hash }) => {
    if (hashKind(hash ?? '') !== 'unknown') return [];
    return [hash ? 'has a password hash that is neither Argon2 nor bcrypt' : 'has no password hash'];
  },
);

/** v0.7.0 of the gateway verifies Argon2 only and ignores `password_hash_type` (COMPATIBILITY §4). */
export const adminPasswordBcrypt = ofAdmin(
  {
    id: 'admin.password-bcrypt',
    title: 'The administrator’s password hash is Argon2',
    level: 'warning',
    hint: advise`v0.7.0 of the gateway verifies Argon2 only: unless yours verifies bcrypt, this administrator cannot log in, and 5 tries lock the account for 30 minutes. Let another administrator set a new password in the gateway (admin UI or API), then run: ${mcpgw('verify')}`,
  },
  ({ password_hash: hash }) => (hashKind(hash ?? '') === 'bcrypt' ? ['has a bcrypt hash'] : []),
);
