import type { Migration } from '../src/migrate/migration.ts';
import {
  blob,
  boolean,
  datetime,
  float,
  id,
  integer,
  json,
  naiveDatetime,
  references,
  string,
  table,
  text,
  unboundedString,
  unboundedText,
  unique,
  uniqueNamed,
} from '../src/schema/define.ts';

// The tables of MCP Gateway v0.6.0, as that release creates them. An existing database has them already and
// keeps them as they are; they are created only where there is nothing, so that a database made from nothing
// takes the same way, and ends in the same schema, as one that is migrated.

const globalConfig = table(
  'global_config',
  {
    id: id(),
    passthrough_headers: json().null(),
  },
  {
    primaryKey: ['id'],
  },
);

const servers = table(
  'servers',
  {
    id: string(36),
    name: unboundedString(255),
    description: unboundedText().null(),
    icon: unboundedString(767).null(),
    created_at: datetime(),
    updated_at: datetime(),
    is_active: boolean(),
    tags: json(),
    created_by: unboundedString(255).null(),
    created_from_ip: unboundedString(45).null(),
    created_via: unboundedString(100).null(),
    created_user_agent: text().null(),
    modified_by: unboundedString(255).null(),
    modified_from_ip: unboundedString(45).null(),
    modified_via: unboundedString(100).null(),
    modified_user_agent: text().null(),
    import_batch_id: unboundedString(36).null(),
    federation_source: unboundedString(255).null(),
    version: integer(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('name')],
  },
);

const gateways = table(
  'gateways',
  {
    id: string(36),
    name: unboundedString(255),
    slug: unboundedString(255),
    url: unboundedString(767),
    description: unboundedText().null(),
    transport: unboundedString(20),
    capabilities: json(),
    created_at: datetime(),
    updated_at: datetime(),
    enabled: boolean(),
    reachable: boolean(),
    last_seen: naiveDatetime().null(),
    tags: json(),
    created_by: unboundedString(255).null(),
    created_from_ip: unboundedString(45).null(),
    created_via: unboundedString(100).null(),
    created_user_agent: text().null(),
    modified_by: unboundedString(255).null(),
    modified_from_ip: unboundedString(45).null(),
    modified_via: unboundedString(100).null(),
    modified_user_agent: text().null(),
    import_batch_id: unboundedString(36).null(),
    federation_source: unboundedString(255).null(),
    version: integer(),
    passthrough_headers: json().null(),
    auth_type: unboundedString(20).null(),
    auth_value: json().null(),
    oauth_config: json()
      .null()
      .commented(
        'OAuth 2.0 configuration including grant_type, client_id, encrypted client_secret, URLs, and scopes',
      ),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('slug'), unique('url')],
  },
);

const a2aAgents = table(
  'a2a_agents',
  {
    id: string(36),
    name: unboundedString(255),
    slug: unboundedString(255),
    description: text().null(),
    endpoint_url: unboundedString(767),
    agent_type: unboundedString(50),
    protocol_version: unboundedString(10),
    capabilities: json(),
    config: json(),
    auth_type: unboundedString(50).null(),
    auth_value: text().null(),
    enabled: boolean(),
    reachable: boolean(),
    created_at: datetime(),
    updated_at: datetime(),
    last_interaction: datetime().null(),
    tags: json(),
    created_by: unboundedString(255).null(),
    created_from_ip: unboundedString(45).null(),
    created_via: unboundedString(100).null(),
    created_user_agent: text().null(),
    modified_by: unboundedString(255).null(),
    modified_from_ip: unboundedString(45).null(),
    modified_via: unboundedString(100).null(),
    modified_user_agent: text().null(),
    import_batch_id: unboundedString(36).null(),
    federation_source: unboundedString(255).null(),
    version: integer(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('name'), unique('slug')],
  },
);

const mcpSessions = table(
  'mcp_sessions',
  {
    session_id: unboundedString(255),
    created_at: datetime(),
    last_accessed: datetime(),
    data: unboundedText().null(),
  },
  {
    primaryKey: ['session_id'],
  },
);

const serverA2aAssociation = table(
  'server_a2a_association',
  {
    server_id: unboundedString(36),
    a2a_agent_id: unboundedString(36),
  },
  {
    primaryKey: ['server_id', 'a2a_agent_id'],
    foreignKeys: [references('a2a_agent_id', 'a2a_agents.id'), references('server_id', 'servers.id')],
  },
);

const serverMetrics = table(
  'server_metrics',
  {
    id: id(),
    server_id: unboundedString(36),
    timestamp: datetime(),
    response_time: float(),
    is_success: boolean(),
    error_message: text().null(),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [references('server_id', 'servers.id')],
  },
);

const a2aAgentMetrics = table(
  'a2a_agent_metrics',
  {
    id: id(),
    a2a_agent_id: string(36),
    timestamp: datetime(),
    response_time: float(),
    is_success: boolean(),
    error_message: text().null(),
    interaction_type: unboundedString(50),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [references('a2a_agent_id', 'a2a_agents.id')],
  },
);

const tools = table(
  'tools',
  {
    id: string(36),
    original_name: unboundedString(255),
    url: unboundedString(767).null(),
    description: unboundedText().null(),
    integration_type: unboundedString(20),
    request_type: unboundedString(20),
    headers: json().null(),
    input_schema: json(),
    annotations: json().null(),
    created_at: datetime(),
    updated_at: datetime(),
    enabled: boolean(),
    reachable: boolean(),
    jsonpath_filter: unboundedText(),
    tags: json(),
    created_by: unboundedString(255).null(),
    created_from_ip: unboundedString(45).null(),
    created_via: unboundedString(100).null(),
    created_user_agent: text().null(),
    modified_by: unboundedString(255).null(),
    modified_from_ip: unboundedString(45).null(),
    modified_via: unboundedString(100).null(),
    modified_user_agent: text().null(),
    import_batch_id: unboundedString(36).null(),
    federation_source: unboundedString(255).null(),
    version: integer(),
    auth_type: unboundedString(20).null(),
    auth_value: unboundedText().null(),
    custom_name: unboundedString(255),
    custom_name_slug: unboundedString(255),
    gateway_id: string(36).null(),
    name: unboundedString(255).null(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('name'), uniqueNamed('uq_gateway_id__original_name', 'gateway_id', 'original_name')],
    foreignKeys: [references('gateway_id', 'gateways.id')],
  },
);

const resources = table(
  'resources',
  {
    id: id(),
    uri: unboundedString(767),
    name: unboundedString(255),
    description: unboundedText().null(),
    mime_type: unboundedString(255).null(),
    size: integer().null(),
    template: unboundedText().null(),
    created_at: datetime(),
    updated_at: datetime(),
    is_active: boolean(),
    tags: json(),
    created_by: unboundedString(255).null(),
    created_from_ip: unboundedString(45).null(),
    created_via: unboundedString(100).null(),
    created_user_agent: text().null(),
    modified_by: unboundedString(255).null(),
    modified_from_ip: unboundedString(45).null(),
    modified_via: unboundedString(100).null(),
    modified_user_agent: text().null(),
    import_batch_id: unboundedString(36).null(),
    federation_source: unboundedString(255).null(),
    version: integer(),
    text_content: text().null(),
    binary_content: blob().null(),
    gateway_id: string(36).null(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('uri')],
    foreignKeys: [references('gateway_id', 'gateways.id')],
  },
);

const prompts = table(
  'prompts',
  {
    id: id(),
    name: unboundedString(255),
    description: unboundedText().null(),
    template: text(),
    argument_schema: json(),
    created_at: datetime(),
    updated_at: datetime(),
    is_active: boolean(),
    tags: json(),
    created_by: unboundedString(255).null(),
    created_from_ip: unboundedString(45).null(),
    created_via: unboundedString(100).null(),
    created_user_agent: text().null(),
    modified_by: unboundedString(255).null(),
    modified_from_ip: unboundedString(45).null(),
    modified_via: unboundedString(100).null(),
    modified_user_agent: text().null(),
    import_batch_id: unboundedString(36).null(),
    federation_source: unboundedString(255).null(),
    version: integer(),
    gateway_id: string(36).null(),
  },
  {
    primaryKey: ['id'],
    uniques: [unique('name')],
    foreignKeys: [references('gateway_id', 'gateways.id')],
  },
);

const mcpMessages = table(
  'mcp_messages',
  {
    id: id(),
    session_id: unboundedString(255),
    message: unboundedText().null(),
    created_at: datetime(),
    last_accessed: datetime(),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [references('session_id', 'mcp_sessions.session_id')],
  },
);

const oauthTokens = table(
  'oauth_tokens',
  {
    id: string(36),
    gateway_id: string(36),
    user_id: string(255),
    access_token: text(),
    refresh_token: text().null(),
    token_type: string(50),
    expires_at: datetime().null(),
    scopes: json().null(),
    created_at: datetime(),
    updated_at: datetime(),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [references('gateway_id', 'gateways.id', 'CASCADE')],
  },
);

const serverToolAssociation = table(
  'server_tool_association',
  {
    server_id: unboundedString(36),
    tool_id: unboundedString(36),
  },
  {
    primaryKey: ['server_id', 'tool_id'],
    foreignKeys: [references('server_id', 'servers.id'), references('tool_id', 'tools.id')],
  },
);

const serverResourceAssociation = table(
  'server_resource_association',
  {
    server_id: unboundedString(36),
    resource_id: integer(),
  },
  {
    primaryKey: ['server_id', 'resource_id'],
    foreignKeys: [references('resource_id', 'resources.id'), references('server_id', 'servers.id')],
  },
);

const serverPromptAssociation = table(
  'server_prompt_association',
  {
    server_id: unboundedString(36),
    prompt_id: integer(),
  },
  {
    primaryKey: ['server_id', 'prompt_id'],
    foreignKeys: [references('prompt_id', 'prompts.id'), references('server_id', 'servers.id')],
  },
);

const toolMetrics = table(
  'tool_metrics',
  {
    id: id(),
    tool_id: unboundedString(36),
    timestamp: datetime(),
    response_time: float(),
    is_success: boolean(),
    error_message: text().null(),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [references('tool_id', 'tools.id')],
  },
);

const resourceMetrics = table(
  'resource_metrics',
  {
    id: id(),
    resource_id: integer(),
    timestamp: datetime(),
    response_time: float(),
    is_success: boolean(),
    error_message: text().null(),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [references('resource_id', 'resources.id')],
  },
);

const promptMetrics = table(
  'prompt_metrics',
  {
    id: id(),
    prompt_id: integer(),
    timestamp: datetime(),
    response_time: float(),
    is_success: boolean(),
    error_message: text().null(),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [references('prompt_id', 'prompts.id')],
  },
);

const resourceSubscriptions = table(
  'resource_subscriptions',
  {
    id: id(),
    resource_id: integer(),
    subscriber_id: unboundedString(255),
    created_at: datetime(),
    last_notification: naiveDatetime().null(),
  },
  {
    primaryKey: ['id'],
    foreignKeys: [references('resource_id', 'resources.id')],
  },
);

const TABLES = [
  globalConfig,
  servers,
  gateways,
  a2aAgents,
  mcpSessions,
  serverA2aAssociation,
  serverMetrics,
  a2aAgentMetrics,
  tools,
  resources,
  prompts,
  mcpMessages,
  oauthTokens,
  serverToolAssociation,
  serverResourceAssociation,
  serverPromptAssociation,
  toolMetrics,
  resourceMetrics,
  promptMetrics,
  resourceSubscriptions,
];

export default {
  id: '0001_v0_6_0_tables',
  title: 'Tables of v0.6.0',
  downTitle: 'Columns without a bound, as in v0.6.0',
  when: 'before-seed',
  up(m) {
    for (const definition of TABLES) m.createTable(definition);
  },
  // The tables of the release that a rollback goes back to stay; where v0.7.0 itself made them, they get the
  // columns without a bound that v0.6.0 expects.
  down(m) {
    for (const { name, columns } of TABLES) {
      const unbounded = new Set(columns.filter((c) => c.unbounded).map((c) => c.name));
      const there = m.schema.get(name)?.columns.filter((c) => unbounded.has(c.name)) ?? [];
      m.changeTable(name, {
        alterColumns: there.map((c) => ({ ...c, kind: 'string', length: null, unbounded: true })),
      });
    }
  },
} satisfies Migration;
