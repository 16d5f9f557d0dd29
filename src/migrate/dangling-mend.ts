import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import { OWNED_TABLES } from '../schema/gateway-tables.ts';
import { columnOf, type ForeignKey, type Schema } from '../schema/model.ts';
import { releaseSchema } from './release-schema.ts';

/** A foreign key with rows that point at nothing. */
export interface DanglingKey {
  readonly table: string;
  readonly key: ForeignKey;
  readonly rows: number;
  /** The table that the key points at is missing, and with it every row. */
  readonly orphaned?: boolean;
}

/** What is done about rows whose foreign key points at nothing; all but the first lose no row. */
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
 * What is done about rows of a table that point at nothing; null when that is for people to decide.
 *
 * A key that cascades comes first: what it limits (a token to one server) must not become unlimited by
 * forgetting it. `gateway_id` of tools, resources and prompts is left alone, since without it they would
 * pass for ones that somebody made here.
 *
 * @param hasAdmin there is an administrator to take the place of somebody else
 */
export function danglingMend(
  schema: Schema,
  { table, key }: Pick<DanglingKey, 'table' | 'key'>,
  hasAdmin: boolean,
): DanglingMend | null {
  if (
    !releaseSchema('0.7.0')
      .get(table)
      ?.foreignKeys.some((k) => k.column === key.column && k.table === key.table)
  )
    return null;
  if (key.onDelete === 'CASCADE' || BELONGING.some((name) => name.test(`${table}.${key.column}`)))
    return 'delete';
  if (OWNED_TABLES.some(({ name }) => name === table)) return null;
  if (columnOf(schema.get(table), key.column)?.nullable === true) return 'null';
  if (key.table !== 'email_users' || !ATTRIBUTION.has(key.column)) return null;
  if (table === 'user_roles') return 'own-user';
  return hasAdmin ? 'administrator' : null;
}

export interface PlannedMend {
  readonly summary: string;
  readonly statement: Statement;
}

/**
 * The statement that mends the rows of one key.
 *
 * @param admin the administrator; one that is there, where it takes somebody's place
 */
export function mendDangling(
  db: Connection,
  dangling: DanglingKey,
  mend: DanglingMend,
  admin: string,
): PlannedMend {
  const { table, key, rows } = dangling;
  const where = pointsAtNothing(dangling);
  const column = sql.id(key.column);
  const plan = (what: string, change: RawBuilder<unknown>): PlannedMend => ({
    summary: `${table}: ${rows} ${rows === 1 ? 'row' : 'rows'} without ${key.table}: ${what}`,
    statement: { ...db.compile(sql`${change} WHERE ${where}`), counts: 'written', table },
  });
  const update = sql`UPDATE ${sql.id(table)} SET`;
  switch (mend) {
    case 'delete':
      return plan('deleted', sql`DELETE FROM ${sql.id(table)}`);
    case 'null':
      return plan(`${key.column} is emptied`, sql`${update} ${column} = NULL`);
    case 'own-user':
      return plan(`${key.column} becomes the user of the assignment`, sql`${update} ${column} = user_email`);
    case 'administrator': {
      // The gateway keeps emails in lower case, and writes this one as its settings have it.
      const same = sql`(SELECT u.email FROM email_users u WHERE u.email = lower(${column}))`;
      const who = sql`${update} ${column} = coalesce(${same}, ${admin})`;
      const what = `${key.column} becomes the same user in lower case, else ${admin}`;
      // A team that was somebody's personal one must not become a second one of the administrator.
      return table === 'email_teams'
        ? plan(
            `${what}, and personal teams ordinary ones`,
            sql`${who}, is_personal = ${db.dialect.boolean(false)}`,
          )
        : plan(what, who);
    }
  }
}

/** The rows as a condition of a statement that changes the table. */
function pointsAtNothing({ table, key, orphaned }: DanglingKey): RawBuilder<unknown> {
  const column = sql.id(table, key.column);
  if (orphaned === true) return sql`${column} IS NOT NULL`;
  // MySQL refuses to read a table that the same statement changes, but not a list made from it.
  const gone =
    table === key.table
      ? sql`${column} NOT IN (SELECT p.v FROM (SELECT DISTINCT ${sql.id(key.references)} AS v FROM ${sql.id(key.table)}) p)`
      : sql`NOT EXISTS (SELECT 1 FROM ${sql.id(key.table)} p WHERE ${sql.id('p', key.references)} = ${column})`;
  return sql`${column} IS NOT NULL AND ${gone}`;
}
