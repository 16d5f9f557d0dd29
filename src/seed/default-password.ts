import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { isTrue } from '../database/is-true.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import { DEFAULT_ADMIN_PASSWORD } from '../settings/credentials.ts';
import { hashKind, verifyPassword } from './password.ts';

const TOLD = ['email', 'is_admin', 'is_active', 'created_at', 'password_hash'];

export interface ActiveAdmin {
  readonly email: string;
  /** The account is active, and its hash of a kind that the gateway verifies. */
  readonly logsIn: boolean;
  /** The password is the one that every gateway starts with, which everybody can look up. */
  readonly hasDefaultPassword: boolean;
}

/**
 * Every active administrator, the oldest first. One password costs as much as a login, 0.1 s by design: they are
 * tried one after the other.
 *
 * @param email somebody who is tried, too, whatever the account is like
 */
export async function activeAdmins(db: Connection, schema: Schema, email = ''): Promise<ActiveAdmin[]> {
  const users = schema.get('email_users');
  if (!TOLD.every((name) => columnOf(users, name) !== undefined)) return [];
  const yes = db.dialect.boolean(true);
  const rows = await db.query<{ email: string; password_hash: string | null; may: unknown }>(
    sql`SELECT email, password_hash, CASE WHEN is_admin = ${yes} AND is_active = ${yes} THEN 1 ELSE 0 END AS may
        FROM email_users WHERE (is_admin = ${yes} AND is_active = ${yes}) OR email = ${email}
        ORDER BY created_at, email`,
  );
  const admins: ActiveAdmin[] = [];
  for (const { email: found, password_hash, may } of rows) {
    const hash = password_hash ?? '';
    admins.push({
      email: found,
      logsIn: isTrue(Number(may)) && hashKind(hash).startsWith('argon2'),
      hasDefaultPassword: await verifyPassword(hash, DEFAULT_ADMIN_PASSWORD),
    });
  }
  return admins;
}
