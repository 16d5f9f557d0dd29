import { sql } from 'kysely';
import type { Findings } from './check.ts';
import { perContext } from './per-context.ts';

export interface AdminUser {
  readonly email: string;
  readonly password_hash: string | null;
  readonly is_admin: unknown;
  readonly is_active: unknown;
  readonly locked_until: unknown;
  /** `locked_until` is in the future. */
  readonly is_locked: unknown;
}

/** The account that the checks are about; null when it is not there. Never show its hash. */
export const adminUser = perContext(async ({ db, adminEmail, now }): Promise<AdminUser | null> => {
  const [user] = await db.query<AdminUser>(
    sql`SELECT email, password_hash, is_admin, is_active, locked_until,
               CASE WHEN locked_until > ${db.dialect.timestamp(now)} THEN 1 ELSE 0 END AS is_locked
        FROM email_users WHERE email = ${adminEmail}`,
  );
  return user ?? null;
});

/** What checks on an account say that is not there; `admin.exists` is the one that fails. */
export function noUser(email: string): Findings {
  return { count: 0, sample: [], skipped: `there is no user ${email} (admin.exists)` };
}
