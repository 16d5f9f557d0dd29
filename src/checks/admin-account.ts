import { sql } from 'kysely';
import { isTrue } from '../database/is-true.ts';
import { adminUser, noUser } from './admin-user.ts';
import type { Check } from './check.ts';

/** The administrator's account is one that can log in and administer. */
export const adminAccount: Check = {
  id: 'admin.account',
  title: 'The administrator is admin, active, not locked',
  level: 'error',
  requires: ['email_users'],
  hint: 'Run: mcpgw fix --only admin.account',
  async find(context) {
    const user = await adminUser(context);
    if (user === null) return noUser(context.adminEmail);
    const sample = [
      ...(isTrue(user.is_admin) ? [] : [`${user.email} is not an administrator`]),
      ...(isTrue(user.is_active) ? [] : [`${user.email} is not active`]),
      ...(isTrue(user.is_locked) ? [`${user.email} is locked until ${momentText(user.locked_until)}`] : []),
    ];
    return { count: sample.length, sample };
  },
  async repair({ db, adminEmail }) {
    const yes = db.dialect.boolean(true);
    return {
      summary: [
        `${adminEmail} becomes an active, unlocked administrator: whoever has its password may change everything`,
      ],
      statements: [
        {
          ...db.compile(
            sql`UPDATE email_users SET is_admin = ${yes}, is_active = ${yes}, locked_until = NULL, failed_login_attempts = 0
                WHERE email = ${adminEmail}`,
          ),
          counts: 'written',
          table: 'email_users',
        },
      ],
    };
  },
};

/** PostgreSQL's driver returns a Date, the others the text they store, which is UTC. */
function momentText(moment: unknown): string {
  return moment instanceof Date ? moment.toISOString() : `${moment} UTC`;
}
