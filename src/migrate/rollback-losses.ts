import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { countRows } from '../database/row-counts.ts';
import type { Schema } from '../schema/model.ts';
import { ADMIN_ROLE, DEFAULT_ROLES } from '../seed/default-roles.ts';

/** Rows that v0.6.0 has no place for and that no migration would make again. */
export interface Loss {
  readonly table: string;
  readonly rows: number;
}

/**
 * Counts what a rollback loses beyond what every migration seeds (COMPATIBILITY §4): the administrator, the
 * personal team and the membership in it, the default roles, the administrator's role and authentication log.
 *
 * @param tables those that the rollback drops
 * @param admin the administrator's email
 */
export async function findLosses(
  db: Connection,
  schema: Schema,
  tables: readonly string[],
  admin: string,
): Promise<readonly Loss[]> {
  const losses: Loss[] = [];
  for (const table of tables) {
    const seeded = seededRows(db, schema, table, admin);
    const kept = seeded === null ? sql`` : sql` WHERE NOT coalesce(${seeded}, ${no(db)})`;
    const rows = await countRows(db, sql`${sql.table(table)} t${kept}`);
    if (rows > 0) losses.push({ table, rows });
  }
  return losses;
}

/** Which rows `t` of a table are seeded ones; null where none can be. */
function seededRows(
  db: Connection,
  schema: Schema,
  table: string,
  admin: string,
): RawBuilder<unknown> | null {
  const yes = db.dialect.boolean(true);
  switch (table) {
    case 'email_users':
      return sql`(t.email = ${admin})`;
    case 'email_auth_events':
      return sql`(t.user_email = ${admin})`;
    case 'email_teams':
      return sql`(t.created_by = ${admin} AND t.is_personal = ${yes})`;
    case 'email_team_members':
      // An interrupted rollback may have dropped what rows are compared with.
      if (!schema.has('email_teams')) return sql`(t.user_email = ${admin})`;
      return sql`(t.user_email = ${admin} AND EXISTS
        (SELECT 1 FROM email_teams p WHERE p.id = t.team_id AND p.created_by = ${admin} AND p.is_personal = ${yes}))`;
    case 'roles': {
      const defaults = DEFAULT_ROLES.map(({ name, scope }) => sql`(t.name = ${name} AND t.scope = ${scope})`);
      return sql`(t.is_system_role = ${yes} AND (${sql.join(defaults, sql` OR `)}))`;
    }
    case 'user_roles':
      if (!schema.has('roles')) return sql`(t.user_email = ${admin} AND t.scope = 'global')`;
      return sql`(t.user_email = ${admin} AND t.scope = 'global' AND EXISTS
        (SELECT 1 FROM roles r WHERE r.id = t.role_id AND r.name = ${ADMIN_ROLE}))`;
    default:
      return null;
  }
}

/** A condition that is neither true nor false is not true. */
function no(db: Connection) {
  return sql.raw(db.dialect.boolean(false) === false ? 'false' : '0');
}
