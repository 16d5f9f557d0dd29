/** The tables whose rows have a team, an owner and a visibility, with the columns that are unique per owner. */
export const OWNED_TABLES = [
  { name: 'servers', label: 'name', scopedUniques: ['name'] },
  { name: 'tools', label: 'name', scopedUniques: ['name'] },
  { name: 'resources', label: 'uri', scopedUniques: [] },
  { name: 'prompts', label: 'name', scopedUniques: [] },
  { name: 'gateways', label: 'name', scopedUniques: ['slug', 'url'] },
  { name: 'a2a_agents', label: 'name', scopedUniques: [] },
] as const satisfies readonly OwnedTable[];

export interface OwnedTable {
  readonly name: string;
  /** The column people know a row by. */
  readonly label: string;
  readonly scopedUniques: readonly string[];
}

/** Our own table: what ran when (see `src/change/history.ts`). */
export const HISTORY_TABLE = 'mcpgw_migration';
/** Our own table on a Galera cluster: who is at work (see `src/database/mysql/lease.ts`). */
export const LOCK_TABLE = 'mcpgw_lock';
/** Our own table on MySQL: which restore has not come to its end (see `src/database/mysql/restore-marker.ts`). */
export const RESTORE_TABLE = 'mcpgw_restore';
/** They tell of what goes on now: no part of a schema, nor of a backup. */
export const PASSING_TABLES = [LOCK_TABLE, RESTORE_TABLE] as const;
export const VERSION_TABLE = 'alembic_version';

/** Full copies the gateway's own upgrade leaves behind on MySQL, and the tables they are copies of. */
export const LEFTOVER_COPIES: ReadonlyMap<string, string> = new Map([
  ['servers_tmp_nounique', 'servers'],
  ['gateways_tmp_nounique', 'gateways'],
]);

/** Every table of v0.7.0, and what the tool and Alembic keep beside them. Others in a schema are somebody else's. */
export const GATEWAY_TABLES: ReadonlySet<string> = new Set([
  ...'global_config servers gateways tools resources prompts a2a_agents mcp_sessions mcp_messages'.split(' '),
  ...'server_metrics a2a_agent_metrics tool_metrics resource_metrics prompt_metrics'.split(' '),
  ...'server_a2a_association server_tool_association server_resource_association'.split(' '),
  ...'server_prompt_association resource_subscriptions oauth_tokens'.split(' '),
  ...'email_users email_auth_events email_teams email_team_members email_team_invitations'.split(' '),
  ...'email_team_join_requests email_api_tokens token_revocations token_usage_logs roles user_roles'.split(
    ' ',
  ),
  ...'permission_audit_log sso_providers sso_auth_sessions pending_user_approvals'.split(' '),
  ...[VERSION_TABLE, HISTORY_TABLE, ...PASSING_TABLES, ...LEFTOVER_COPIES.keys()],
]);
