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

/** Our own table: what ran when (see `src/migrate/history.ts`). */
export const HISTORY_TABLE = 'mcpgw_migration';
/** Our own table on a Galera cluster: who is at work (see `src/database/mysql/lease.ts`). It is no part of a schema. */
export const LOCK_TABLE = 'mcpgw_lock';
export const VERSION_TABLE = 'alembic_version';

/** Full copies the gateway's own upgrade leaves behind on MySQL, and the tables they are copies of. */
export const LEFTOVER_COPIES: ReadonlyMap<string, string> = new Map([
  ['servers_tmp_nounique', 'servers'],
  ['gateways_tmp_nounique', 'gateways'],
]);
