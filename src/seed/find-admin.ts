import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import type { Settings } from '../settings/settings.ts';

type AdminSettings = Pick<Settings, 'platformAdminEmail' | 'adminEmailIsDefault'>;

const FEW = 5;

/**
 * Whose account the checks are about: PLATFORM_ADMIN_EMAIL when somebody chose one, else the administrator
 * who is there (the first, if there are several), so that `verify` needs no settings but the database.
 */
export async function findAdmin(db: Connection, schema: Schema, settings: AdminSettings): Promise<string> {
  if (!settings.adminEmailIsDefault) return settings.platformAdminEmail;
  const [admin] = await admins(db, schema, sql``, 1);
  return admin ?? settings.platformAdminEmail;
}

/** The administrators of a database besides this one; a few of them. */
export function otherAdmins(db: Connection, schema: Schema, email: string): Promise<readonly string[]> {
  return admins(db, schema, sql` AND email <> ${email}`, FEW);
}

/** Active ones first, then the oldest. */
async function admins(
  db: Connection,
  schema: Schema,
  which: RawBuilder<unknown>,
  limit: number,
): Promise<readonly string[]> {
  const users = schema.get('email_users');
  const told = ['email', 'is_admin', 'is_active', 'created_at'].every((name) => columnOf(users, name));
  if (!told) return [];
  const yes = db.dialect.boolean(true);
  const rows = await db.query<{ email: string }>(
    sql`SELECT email FROM email_users WHERE is_admin = ${yes}${which}
        ORDER BY is_active DESC, created_at, email LIMIT ${sql.lit(limit)}`,
  );
  return rows.map((row) => row.email);
}
