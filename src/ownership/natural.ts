import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { Assignment } from './assignment.ts';

/**
 * The team that a row `t` with an owner belongs in, as SQL (COMPATIBILITY §5): the one that was asked for, else
 * the owner's own personal team; NULL when there is none.
 */
export function teamOfOwner(db: Connection, a: Assignment): RawBuilder<unknown> {
  if (a.forcedTeamId !== undefined) return sql`${a.forcedTeamId}`;
  const yes = db.dialect.boolean(true);
  const own = sql`(SELECT min(p.id) FROM email_teams p
    WHERE p.created_by = t.owner_email AND p.is_personal = ${yes} AND p.is_active = ${yes})`;
  return a.admin === undefined
    ? own
    : sql`CASE WHEN t.owner_email = ${a.admin.email} THEN ${a.admin.teamId} ELSE ${own} END`;
}

/**
 * The owner of a row `t` with a team, as SQL: the one that was asked for, else whoever made the team, else (when
 * that is no user any more) the administrator; NULL when there is no such team.
 */
export function ownerOfTeam(a: Assignment): RawBuilder<unknown> {
  return a.forcedOwnerEmail === undefined
    ? sql`(SELECT coalesce(u.email, ${a.admin?.email ?? a.ownerEmail}) FROM email_teams p
           LEFT JOIN email_users u ON u.email = p.created_by WHERE p.id = t.team_id)`
    : sql`${a.forcedOwnerEmail}`;
}
