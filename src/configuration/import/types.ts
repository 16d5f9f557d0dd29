import type { Value } from '../../database/value.ts';
import type { Row } from '../document.ts';
import {
  ACCOUNT_TABLES,
  ENTITY_TYPES,
  type EntityTable,
  type EntityType,
  type SecretForm,
} from '../entities.ts';

/** A table of a file: entities, or accounts, of which only what is missing is made. */
export interface ImportType extends Pick<EntityType, 'label' | 'word' | 'owned' | 'counted'> {
  readonly table: string;
  readonly key: 'id' | 'email';
  readonly secrets: Readonly<Record<string, SecretForm>>;
  /** Sets of columns that tell a row apart where its key does not, the best first (CONFIGURATION F7). */
  keysOf(row: Row): readonly (readonly string[])[];
  /** Columns that point at rows of another table: in the file, or here. */
  readonly points: Readonly<Record<string, string>>;
  readonly isAccount: boolean;
  /** What the gateway puts into columns that nobody said anything about (CONFIGURATION B6). */
  readonly defaults: Row;
}

const NO_PARAMETERS = { type: 'object', properties: {} };
const WHILE_USED = { reachable: true, enabled: true };

const DEFAULTS: Readonly<Record<EntityTable, Row>> = {
  global_config: {},
  gateways: { transport: 'SSE', capabilities: {}, ...WHILE_USED },
  tools: {
    ...{ integration_type: 'REST', request_type: 'GET', jsonpath_filter: '' },
    ...{ input_schema: NO_PARAMETERS, annotations: {}, ...WHILE_USED },
  },
  resources: { is_active: true },
  prompts: { template: '', argument_schema: { ...NO_PARAMETERS, required: [] }, is_active: true },
  a2a_agents: { agent_type: 'generic', protocol_version: '1.0', capabilities: {}, config: {}, ...WHILE_USED },
  servers: { is_active: true },
};

const ENTITIES = ENTITY_TYPES.map((type): ImportType => {
  const { naturalKeys, table } = type;
  return {
    ...type,
    key: 'id',
    keysOf(row) {
      // There is one row of these, whatever its number.
      if (table === 'global_config') return [['']];
      const ofGateway = (row.gateway_id ?? null) !== null;
      const keys = naturalKeys.filter(
        (each) => naturalKeys.length === 1 || (each.ofGateway ?? false) === ofGateway,
      );
      return keys.map(({ columns }) => columns);
    },
    points: ['tools', 'resources', 'prompts'].includes(table) ? { gateway_id: 'gateways' } : {},
    isAccount: false,
    defaults: table === 'global_config' ? {} : { tags: [], version: 1, ...DEFAULTS[table] },
  };
});

type Account = Pick<ImportType, 'word' | 'points'> &
  Partial<ImportType> & { readonly natural: readonly string[] };

const ACCOUNTS: Readonly<Record<string, Account>> = {
  email_users: { word: 'user', natural: ['email'], points: {}, key: 'email', label: 'email' },
  email_teams: {
    ...{ word: 'team', natural: ['slug'], points: {}, label: 'slug' },
    // A personal team belongs to a person, who has one already.
    keysOf: (row) => [
      ...(row.is_personal === true ? [['created_by', 'is_personal', 'is_active']] : []),
      ['slug'],
    ],
  },
  email_team_members: {
    ...{ word: 'member', natural: ['team_id', 'user_email'], label: 'user_email' },
    points: { team_id: 'email_teams', user_email: 'email_users' },
  },
  roles: { word: 'role', natural: ['name', 'scope'], points: {}, label: 'name' },
  user_roles: {
    ...{ word: 'role of', natural: ['user_email', 'role_id', 'scope', 'scope_id'], label: 'user_email' },
    points: { user_email: 'email_users', role_id: 'roles', scope_id: 'email_teams' },
  },
  sso_providers: { word: 'provider', natural: ['name'], points: {}, label: 'name' },
};

/** Types of which there may be rows in a file, in an order in which they can be made. */
export const IMPORT_TYPES: readonly ImportType[] = [
  ...ACCOUNT_TABLES.map(({ table, secrets }): ImportType => {
    const { natural, ...account } = ACCOUNTS[table] as Account;
    const common = {
      table,
      secrets,
      key: 'id',
      label: null,
      owned: false,
      counted: false,
      isAccount: true,
    } as const;
    return { ...common, keysOf: () => [natural], defaults: { failed_login_attempts: 0 }, ...account };
  }),
  ...ENTITIES,
];

/** Columns in which people put credentials besides those that are for them: shown is neither. */
const SHY: ReadonlySet<string> = new Set(['headers', 'config', 'password_hash']);

export const isSecret = ({ secrets }: Pick<ImportType, 'secrets'>, column: string): boolean =>
  column in secrets || SHY.has(column);

/** What people call a row. */
export const nameOf = ({ word, label, key }: Pick<ImportType, 'word' | 'label' | 'key'>, row: Row): string =>
  `${word} ${(label === null ? null : row[label]) ?? row[key] ?? ''}`;

/** A moment as documents have it. */
export const documentTime = (moment: Date): Value => moment.toISOString().replace('Z', '000Z');
