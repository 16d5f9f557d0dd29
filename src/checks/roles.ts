import { sql } from 'kysely';
import type { Statement } from '../database/statement.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { jsonList } from '../seed/default-roles.ts';
import { assignmentOrder } from './assignment-order.ts';
import type { Check, CheckContext } from './check.ts';
import { noAdminHint } from './no-admin.ts';
import { type DefaultRoleState, lackingPermissions, type RoleState, roleStates } from './role-state.ts';
import { seedStatements } from './seed-statements.ts';

/** The four default roles are there once, with the permissions that the gateway gives them. */
export const roles: Check = {
  id: 'roles.default',
  title: 'Default roles',
  level: 'error',
  requires: ['roles', 'user_roles'],
  hint: advise`Run: ${mcpgw('fix', '--only', 'roles.default')}`,
  async find(context) {
    const sample: string[] = [];
    let unfixable = 0;
    for (const state of await roleStates(context)) {
      const { role, rows } = state;
      const [kept, ...duplicates] = rows;
      const name = `${role.name} (${role.scope})`;
      if (kept === undefined) {
        sample.push(`${name}: missing`);
        if (context.seed === null) unfixable++;
        continue;
      }
      const lacking = lackingPermissions(kept.permissions, role.permissions);
      if (kept.permissions === null) sample.push(`${name}: role ${kept.id} has no list of permissions`);
      else if (lacking.length > 0) sample.push(`${name}: role ${kept.id} lacks ${lacking.join(', ')}`);
      for (const duplicate of duplicates) {
        const more = surplus(state, duplicate);
        const and = more.length > 0 ? ` that gives ${more.join(', ')}, which the first does not` : '';
        sample.push(`${name}: ${duplicate.id} is another active role of this name${and}`);
        if (more.length > 0) unfixable++;
      }
    }
    return {
      count: sample.length,
      sample,
      unfixable,
      ...(unfixable > 0
        ? {
            hint:
              context.seed === null
                ? advise`There is no administrator to make them. ${await noAdminHint(context)}`
                : advise`Two roles of one name that differ are yours to settle: give both the same permissions in the gateway, then run: ${mcpgw('fix', '--only', 'roles.default')}`,
          }
        : {}),
    };
  },
  async repair(context) {
    const states = await roleStates(context);
    const statements: Statement[] = [...seedStatements(context, 'roles')];
    const summary = [...(context.seed?.parts.find(({ id }) => id === 'roles')?.created ?? [])];
    for (const state of states) {
      const { role, rows } = state;
      const [kept, ...others] = rows;
      if (kept === undefined) continue;
      const lacking = lackingPermissions(kept.permissions, role.permissions);
      if (lacking.length > 0) {
        summary.push(`role ${role.name} also gets ${lacking.join(', ')}`);
        const all = jsonList([...(kept.permissions ?? []), ...lacking]);
        statements.push(
          written(context, sql`UPDATE roles SET permissions = ${all} WHERE id = ${kept.id}`, 'roles'),
        );
      }
      const duplicates = others.filter((other) => surplus(state, other).length === 0).map(({ id }) => id);
      if (duplicates.length > 0) {
        summary.push(
          `role ${role.name}: users of ${duplicates.join(', ')} get ${kept.id} instead, which gives the same or more, and ${duplicates.length === 1 ? 'it becomes' : 'those become'} inactive`,
        );
        statements.push(...mergeRoles(context, kept.id, duplicates));
      }
    }
    return statements.length === 0 ? null : { summary, statements };
  },
};

/** What a duplicate gives beyond the role that stays: merging the two would take that from its users. */
function surplus({ role, rows }: DefaultRoleState, duplicate: RoleState): readonly string[] {
  const kept = [...(rows[0]?.permissions ?? []), ...role.permissions];
  return lackingPermissions(kept, duplicate.permissions ?? []);
}

/** Users of the duplicates get the role that stays, each once: the gateway counts inactive assignments, too. */
function mergeRoles(context: CheckContext, kept: string, duplicates: readonly string[]): Statement[] {
  const { db } = context;
  const no = db.dialect.boolean(false);
  const gone = sql.join([...duplicates]);
  const twice = sql`SELECT d.id FROM (
      SELECT u.id AS id, row_number() OVER (
        PARTITION BY u.user_email, u.scope, coalesce(u.scope_id, '') ORDER BY ${assignmentOrder(context, kept)}) AS place
      FROM user_roles u WHERE u.role_id IN (${sql.join([kept, ...duplicates])})
    ) d WHERE d.place > 1`;
  return [
    written(context, sql`DELETE FROM user_roles WHERE id IN (${twice})`, 'user_roles'),
    written(context, sql`UPDATE user_roles SET role_id = ${kept} WHERE role_id IN (${gone})`, 'user_roles'),
    written(
      context,
      sql`UPDATE roles SET inherits_from = ${kept} WHERE inherits_from IN (${gone}) AND id <> ${kept}`,
      'roles',
    ),
    written(context, sql`UPDATE roles SET is_active = ${no} WHERE id IN (${gone})`, 'roles'),
  ];
}

function written({ db }: CheckContext, update: ReturnType<typeof sql>, table: string): Statement {
  return { ...db.compile(update), counts: 'written', table };
}
