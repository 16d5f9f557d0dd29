import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import type { Settings } from '../settings/settings.ts';

type AdminSettings = Pick<Settings, 'platformAdminEmail' | 'adminEmailIsDefault'>;

/**
 * Whose account the checks are about: PLATFORM_ADMIN_EMAIL when somebody chose one, else the administrator
 * who is there (the first, if there are several), so that `verify` needs no settings but the database.
 */
export async function findAdmin(db: Connection, schema: Schema, settings: AdminSettings): Promise<string> {
  const users = schema.get('email_users');
  const told = ['email', 'is_admin', 'is_active', 'created_at'].every((name) => columnOf(users, name));
  if (!settings.adminEmailIsDefault || !told) return settings.platformAdminEmail;
  const yes = db.dialect.boolean(true);
  const [admin] = await db.query<{ email: string }>(
    sql`SELECT email FROM email_users WHERE is_admin = ${yes} ORDER BY is_active DESC, created_at, email LIMIT 1`,
  );
  return admin?.email ?? settings.platformAdminEmail;
}
