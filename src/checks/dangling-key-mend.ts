import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type ForeignKey } from '../schema/model.ts';
import type { CheckContext } from './check.ts';

/** What is done about rows whose foreign key points at nothing. */
export type DanglingMend =
  /** They go, as they would have with the row they point at. */
  | 'delete'
  /** They forget it. */
  | 'null'
  /** The administrator takes the place of a user who is gone. */
  | 'administrator'
  /** A role assignment names its own user as the one who granted it. */
  | 'own-user';

/** Rows of these belong to the row they point at and mean nothing without it. */
const BELONGING: readonly RegExp[] = [
  /^.+_metrics\./,
  /^server_\w+_association\./,
  /^resource_subscriptions\./,
  /^mcp_messages\./,
  /^oauth_tokens\./,
  // Kept, they would give rights to whoever registers with that email next.
  /^user_roles\.(user_email|role_id)$/,
  /^email_team_members\.user_email$/,
  /^email_team_join_requests\.user_email$/,
  /^sso_auth_sessions\.provider_id$/,
];

/** Columns that say who did something. */
const ATTRIBUTION: ReadonlySet<string> = new Set(['created_by', 'granted_by', 'revoked_by', 'invited_by']);

/**
 * What `fix` does about rows of a table that point at nothing; null when that is for people to decide.
 *
 * A key that cascades comes first: what it limits (a token to one server) must not become unlimited by
 * forgetting it. `gateway_id` of tools, resources and prompts is left alone, since without it they would
 * pass for ones that somebody made here.
 */
export function danglingMend(
  { schema, target, seed }: CheckContext,
  table: string,
  key: ForeignKey,
): DanglingMend | null {
  if (!target.get(table)?.foreignKeys.some((k) => k.column === key.column && k.table === key.table))
    return null;
  if (key.onDelete === 'CASCADE' || BELONGING.some((name) => name.test(`${table}.${key.column}`)))
    return 'delete';
  if (OWNED_TABLES.some(({ name }) => name === table)) return null;
  if (columnOf(schema.get(table), key.column)?.nullable === true) return 'null';
  if (key.table !== 'email_users' || !ATTRIBUTION.has(key.column)) return null;
  if (table === 'user_roles') return 'own-user';
  return seed === null ? null : 'administrator';
}
