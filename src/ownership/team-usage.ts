import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { countRows } from '../database/row-counts.ts';
import { columnOf, type Schema } from '../schema/model.ts';

export interface TeamUsage {
  /** Rows of any table that belong to the team. */
  readonly rows: number;
  /** Members other than the one who made it. */
  readonly others: number;
}

/** Columns that hold the id of a team, members apart. */
const REFERENCES = [
  ['servers', 'team_id'],
  ['tools', 'team_id'],
  ['resources', 'team_id'],
  ['prompts', 'team_id'],
  ['gateways', 'team_id'],
  ['a2a_agents', 'team_id'],
  ['email_api_tokens', 'team_id'],
  ['email_team_invitations', 'team_id'],
  ['email_team_join_requests', 'team_id'],
  ['user_roles', 'scope_id'],
] as const;

/** Who and what depends on a team: one that nothing does can be deactivated without a loss. */
export async function teamUsage(db: Connection, schema: Schema, id: string): Promise<TeamUsage> {
  let rows = 0;
  for (const [table, column] of REFERENCES) {
    if (columnOf(schema.get(table), column) === undefined) continue;
    rows += await countRows(db, sql`${sql.table(table)} WHERE ${sql.ref(column)} = ${id}`);
  }
  if (!schema.has('email_team_members')) return { rows, others: 0 };
  const members = sql`email_team_members m JOIN email_teams e ON e.id = m.team_id
    WHERE m.team_id = ${id} AND m.user_email <> e.created_by`;
  return { rows, others: await countRows(db, members) };
}
