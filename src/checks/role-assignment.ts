import { sql } from 'kysely';
import { isTrue } from '../database/is-true.ts';
import type { Statement } from '../database/statement.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { ADMIN_ROLE } from '../seed/default-roles.ts';
import { noUser } from './admin-user.ts';
import { assignmentOrder } from './assignment-order.ts';
import type { Check, CheckContext } from './check.ts';
import { perContext } from './per-context.ts';
import { roleStates } from './role-state.ts';
import { rowLine } from './row-line.ts';
import { seedStatements } from './seed-statements.ts';

interface AssignmentState {
  readonly id: string;
  readonly granted_by: string;
  readonly is_active: unknown;
  readonly is_expired: unknown;
  readonly granted_by_user: unknown;
}

/**
 * Global assignments of the administrator's role, the one that stays first. Two make every start of the gateway log
 * an error (COMPATIBILITY §4), also when one of them is inactive: seen with the real v0.7.0.
 */
const assignments = perContext(async (context): Promise<readonly AssignmentState[]> => {
  const { db, adminEmail, now } = context;
  const yes = db.dialect.boolean(true);
  const kept = (await roleStates(context)).find(({ role }) => role.name === ADMIN_ROLE)?.rows[0];
  return db.query<AssignmentState>(
    sql`SELECT u.id, u.granted_by, u.is_active,
               CASE WHEN u.expires_at <= ${db.dialect.timestamp(now)} THEN 1 ELSE 0 END AS is_expired,
               CASE WHEN g.email IS NULL THEN 0 ELSE 1 END AS granted_by_user
        FROM user_roles u JOIN roles r ON r.id = u.role_id LEFT JOIN email_users g ON g.email = u.granted_by
        WHERE u.user_email = ${adminEmail} AND u.scope = 'global' AND u.scope_id IS NULL
          AND r.name = ${ADMIN_ROLE} AND r.scope = 'global' AND r.is_active = ${yes}
        ORDER BY ${assignmentOrder(context, kept?.id ?? '')}`,
  );
});

/** The administrator has the role of one exactly once, for good, from somebody who exists. */
export const roleAssignment: Check = {
  id: 'roles.assignment',
  title: 'The administrator’s role',
  level: 'error',
  requires: ['email_users', 'email_teams', 'email_team_members', 'roles', 'user_roles'],
  hint: advise`Run: ${mcpgw('fix', '--only', 'roles.assignment')}`,
  async find(context) {
    if (context.seed === null) return noUser(context.adminEmail);
    const [kept, ...duplicates] = await assignments(context);
    const sample =
      kept === undefined
        ? [`${context.adminEmail} is not assigned ${ADMIN_ROLE}`]
        : [
            ...(isTrue(kept.is_active) ? [] : [assignmentLine(kept, 'inactive')]),
            ...(isTrue(kept.is_expired) ? [assignmentLine(kept, 'expired')] : []),
            ...(isTrue(kept.granted_by_user)
              ? []
              : [assignmentLine(kept, `granted by ${kept.granted_by}, who is no user`)]),
            ...duplicates.map((duplicate) =>
              assignmentLine(duplicate, `${context.adminEmail} is assigned ${ADMIN_ROLE} already`),
            ),
          ];
    return { count: sample.length, sample };
  },
  async repair(context) {
    const { adminEmail, seed } = context;
    const [kept, ...duplicates] = await assignments(context);
    if (kept === undefined) {
      const part = seed?.parts.find(({ id }) => id === 'assignment');
      if (part === undefined) return null;
      // The role comes first: the new assignment names it.
      return { summary: part.created, statements: seedStatements(context, 'roles', 'assignment') };
    }
    const summary: string[] = [];
    const statements: Statement[] = [];
    if (!isTrue(kept.is_active)) {
      summary.push(`the assignment of ${ADMIN_ROLE} to ${adminEmail} becomes active`);
      statements.push(update(context, sql`is_active = ${context.db.dialect.boolean(true)}`, kept.id));
    }
    if (isTrue(kept.is_expired)) {
      summary.push(`the assignment of ${ADMIN_ROLE} to ${adminEmail} no longer expires`);
      statements.push(update(context, sql`expires_at = NULL`, kept.id));
    }
    if (!isTrue(kept.granted_by_user)) {
      summary.push(`the assignment of ${ADMIN_ROLE} names ${adminEmail} as the one who granted it`);
      statements.push(update(context, sql`granted_by = ${adminEmail}`, kept.id));
    }
    if (duplicates.length > 0) {
      const ids = duplicates.map(({ id }) => id);
      summary.push(`all but one assignment of ${ADMIN_ROLE} to ${adminEmail} are deleted`);
      statements.push(written(context, sql`DELETE FROM user_roles WHERE id IN (${sql.join(ids)})`));
    }
    return { summary, statements };
  },
};

function assignmentLine({ id }: AssignmentState, problem: string): string {
  return rowLine('user_roles', id, null, problem);
}

function update(context: CheckContext, values: ReturnType<typeof sql>, id: string): Statement {
  return written(context, sql`UPDATE user_roles SET ${values} WHERE id = ${id}`);
}

function written({ db }: CheckContext, query: ReturnType<typeof sql>): Statement {
  return { ...db.compile(query), counts: 'written', table: 'user_roles' };
}
