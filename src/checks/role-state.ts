import { sql } from 'kysely';
import { DEFAULT_ROLES, type DefaultRole } from '../seed/default-roles.ts';
import { perContext } from './per-context.ts';

export interface RoleState {
  readonly id: string;
  /** Null when what is stored is no list of texts. */
  readonly permissions: readonly string[] | null;
}

/** A default role and the active rows of its name and scope, the oldest first: that is the one that stays. */
export interface DefaultRoleState {
  readonly role: DefaultRole;
  readonly rows: readonly RoleState[];
}

export const roleStates = perContext(async ({ db }): Promise<readonly DefaultRoleState[]> => {
  const rows = await db.query<{ id: string; name: string; scope: string; permissions: unknown }>(
    sql`SELECT id, name, scope, permissions FROM roles
        WHERE is_active = ${db.dialect.boolean(true)} AND name IN (${sql.join(DEFAULT_ROLES.map(({ name }) => name))})
        ORDER BY created_at, id`,
  );
  return DEFAULT_ROLES.map((role) => ({
    role,
    rows: rows
      .filter(({ name, scope }) => name === role.name && scope === role.scope)
      .map(({ id, permissions }) => ({ id, permissions: permissionsOf(permissions) })),
  }));
});

/** JSON comes back parsed or as its text, by driver and column type. */
function permissionsOf(value: unknown): readonly string[] | null {
  try {
    const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    return Array.isArray(parsed) && parsed.every((item) => typeof item === 'string') ? parsed : null;
  } catch {
    return null;
  }
}

/** The permissions of `wanted` that `held` does not give; `*` gives all. */
export function lackingPermissions(
  held: readonly string[] | null | undefined,
  wanted: readonly string[],
): readonly string[] {
  if (held === null || held === undefined) return wanted;
  return held.includes('*') ? [] : wanted.filter((permission) => !held.includes(permission));
}
