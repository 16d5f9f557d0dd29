/**
 * What a configuration is made of (CONFIGURATION F): the one list that export, import and selection go by. The
 * columns of a table are those of its release (`releaseSchema`).
 */
export interface EntityType {
  /** The table, and the name of the list in a document. */
  readonly table: EntityTable;
  /** What a selection calls one of them: `tool:NAME`. */
  readonly word: string;
  /** The column people know a row by; null for a table without names. */
  readonly label: string | null;
  /** Columns that tell how the gateway fares and not how it is set up: they change by themselves. */
  readonly statistics: readonly string[];
  /**
   * What tells a row apart where its id is not known here (CONFIGURATION F7). The first for rows that a gateway
   * brought, where there are two.
   */
  readonly naturalKeys: readonly NaturalKey[];
  /** How a credential is kept in a column (CONFIGURATION A4, A5). */
  readonly secrets: Readonly<Record<string, SecretForm>>;
  /** The column that says whether the gateway uses it. */
  readonly active: 'enabled' | 'is_active' | null;
  /** Rows have a team, an owner and a visibility (v0.7.0). */
  readonly owned: boolean;
  /** Ids are numbers that the database counts up. */
  readonly counted: boolean;
}

export type EntityTable =
  | 'global_config'
  | 'gateways'
  | 'tools'
  | 'resources'
  | 'prompts'
  | 'a2a_agents'
  | 'servers';

export interface NaturalKey {
  readonly columns: readonly string[];
  /** Only for rows that a gateway brought. */
  readonly ofGateway?: boolean;
}

export type SecretForm =
  /** The text of an encrypted object of headers. */
  | 'auth-text'
  /** The same in a column of JSON: a string, `null`, or the headers themselves, unencrypted. */
  | 'auth-json'
  /** Plain text in the database. */
  | 'plain'
  /** `client_secret` inside of an object: encrypted (A5), or plain where it is short. */
  | 'oauth-config'
  /** A text that is always encrypted (E3). */
  | 'sso';

const PER_OWNER = ['team_id', 'owner_email'];

/** In the order in which rows can be written: nothing points at what comes later. */
export const ENTITY_TYPES: readonly EntityType[] = [
  {
    table: 'global_config',
    word: 'global-config',
    label: null,
    statistics: [],
    naturalKeys: [],
    secrets: {},
    active: null,
    owned: false,
    counted: true,
  },
  {
    table: 'gateways',
    word: 'gateway',
    label: 'name',
    statistics: ['last_seen'],
    naturalKeys: [{ columns: [...PER_OWNER, 'slug'] }],
    secrets: { auth_value: 'auth-json', oauth_config: 'oauth-config' },
    active: 'enabled',
    owned: true,
    counted: false,
  },
  {
    table: 'tools',
    word: 'tool',
    label: 'name',
    statistics: [],
    naturalKeys: [
      { columns: ['gateway_id', 'original_name'], ofGateway: true },
      { columns: [...PER_OWNER, 'name'] },
    ],
    secrets: { auth_value: 'auth-text' },
    active: 'enabled',
    owned: true,
    counted: false,
  },
  {
    table: 'resources',
    word: 'resource',
    label: 'uri',
    statistics: [],
    naturalKeys: [{ columns: ['uri'] }],
    secrets: {},
    active: 'is_active',
    owned: true,
    counted: true,
  },
  {
    table: 'prompts',
    word: 'prompt',
    label: 'name',
    statistics: [],
    naturalKeys: [{ columns: ['name'] }],
    secrets: {},
    active: 'is_active',
    owned: true,
    counted: true,
  },
  {
    table: 'a2a_agents',
    word: 'agent',
    label: 'name',
    statistics: ['last_interaction'],
    naturalKeys: [{ columns: ['slug'] }],
    secrets: { auth_value: 'plain' },
    active: 'enabled',
    owned: true,
    counted: false,
  },
  {
    table: 'servers',
    word: 'server',
    label: 'name',
    statistics: [],
    naturalKeys: [{ columns: [...PER_OWNER, 'name'] }],
    secrets: {},
    active: 'is_active',
    owned: true,
    counted: false,
  },
];

/** What `--with-teams` adds (v0.7.0), in the order in which rows can be written. */
export interface AccountTable {
  readonly table: string;
  /** Columns that tell how people fare. */
  readonly statistics: readonly string[];
  readonly secrets: Readonly<Record<string, SecretForm>>;
}

/** Only with `--with-credentials`. */
export const CREDENTIALS: ReadonlySet<string> = new Set(['password_hash', 'password_hash_type']);

export const ACCOUNT_TABLES: readonly AccountTable[] = [
  { table: 'email_users', statistics: ['failed_login_attempts', 'locked_until', 'last_login'], secrets: {} },
  { table: 'email_teams', statistics: [], secrets: {} },
  { table: 'email_team_members', statistics: [], secrets: {} },
  { table: 'roles', statistics: [], secrets: {} },
  { table: 'user_roles', statistics: [], secrets: {} },
  { table: 'sso_providers', statistics: [], secrets: { client_secret_encrypted: 'sso' } },
];

/** What a server offers: in a document a list of the server, under the name of the table it leads to. */
export interface Association {
  readonly table: string;
  /** The column of the other end; the one of the server is `server_id`. */
  readonly column: string;
  readonly to: 'tools' | 'resources' | 'prompts' | 'a2a_agents';
}

export const ASSOCIATIONS: readonly Association[] = [
  { table: 'server_tool_association', column: 'tool_id', to: 'tools' },
  { table: 'server_resource_association', column: 'resource_id', to: 'resources' },
  { table: 'server_prompt_association', column: 'prompt_id', to: 'prompts' },
  { table: 'server_a2a_association', column: 'a2a_agent_id', to: 'a2a_agents' },
];

export function entityType(table: EntityTable): EntityType {
  const found = ENTITY_TYPES.find((type) => type.table === table);
  if (found === undefined) throw new Error(`no entity type ${table}`);
  return found;
}
