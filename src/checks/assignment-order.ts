import { type RawBuilder, sql } from 'kysely';
import type { CheckContext } from './check.ts';

/**
 * Which of several equal assignments `u` in `user_roles` stays, as SQL for ORDER BY: an active one that has not
 * expired, of the role that stays, the oldest. Every repair that thins them out goes by it, so that no two keep a different
 * one.
 */
export function assignmentOrder({ db, now }: CheckContext, keptRoleId: string): RawBuilder<unknown> {
  return sql`CASE WHEN u.is_active = ${db.dialect.boolean(true)} THEN 0 ELSE 1 END,
             CASE WHEN u.expires_at IS NULL THEN 0 WHEN u.expires_at > ${db.dialect.timestamp(now)} THEN 1 ELSE 2 END,
             CASE WHEN u.role_id = ${keptRoleId} THEN 0 ELSE 1 END, u.granted_at, u.id`;
}
