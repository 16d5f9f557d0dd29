import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { columnOf, type Schema } from '../schema/model.ts';

/** The administrators of a database besides this one, active ones first, then the oldest; a few of them. */
export async function otherAdmins(db: Connection, schema: Schema, email: string): Promise<readonly string[]> {
  const users = schema.get('email_users');
  const told = ['email', 'is_admin', 'is_active', 'created_at'].every((name) => columnOf(users, name));
  if (!told) return [];
  const yes = db.dialect.boolean(true);
  const rows = await db.query<{ email: string }>(
    sql`SELECT email FROM email_users WHERE is_admin = ${yes} AND email <> ${email}
        ORDER BY is_active DESC, created_at, email LIMIT ${sql.lit(FEW)}`,
  );
  return rows.map((row) => row.email);
}

const FEW = 5;
