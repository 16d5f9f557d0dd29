import { authKey, encryptAuthValue } from '../../src/ciphers/auth-value.ts';
import { DEFAULT_ENCRYPTION_SECRET } from '../../src/settings/gateway-secrets.ts';
import type { Random } from './random.ts';
import type { SampleSize } from './sample-size.ts';
import { type SampleTable, sampleTable, times } from './sample-table.ts';
import { capital, NOUNS, PEERS, toolName } from './words.ts';

/** Ids of the rows that others point at. Resources and prompts count from 1. */
export interface SampleIds {
  readonly tools: readonly string[];
  readonly servers: readonly string[];
  readonly gateways: readonly string[];
  readonly agents: readonly string[];
}

const KEY = authKey(DEFAULT_ENCRYPTION_SECRET);

/** A made-up token, stored as a gateway does that nobody has given a secret. */
function bearer(random: Random): string {
  const nonce = Buffer.from(random.hex(24), 'hex');
  return encryptAuthValue({ Authorization: `Bearer ${random.hex(32)}` }, KEY, nonce);
}

/** The six tables that v0.7.0 gives a team and an owner, those that others point at first. */
export function ownedRows(random: Random, size: SampleSize, ids: SampleIds): (SampleTable | null)[] {
  const gatewayNames = [...times(size.gateways, (i) => `${random.pick(PEERS)}-gateway-${i}`)];
  const gateway = () => (size.gateways === 0 ? -1 : random.below(size.gateways));

  return [
    sampleTable(
      'gateways',
      times(size.gateways, (i) => ({
        id: ids.gateways[i] ?? '',
        name: gatewayNames[i]?.split('-').map(capital).join(' ') ?? '',
        slug: gatewayNames[i] ?? '',
        url: `https://peer${i}.mcp.example.net/sse`,
        description: random.chance(0.3) ? null : `Peer number ${i}`,
        transport: 'SSE',
        capabilities: '{"tools": {"listChanged": true}, "resources": {}}',
        ...dates(random),
        enabled: random.chance(0.9),
        reachable: random.chance(0.8),
        last_seen: random.chance(0.3) ? null : random.moment(),
        ...origin(random, null),
        passthrough_headers: random.chance(0.5) ? '["X-Tenant-Id"]' : null,
        auth_type: 'bearer',
        auth_value: `"${bearer(random)}"`,
        oauth_config: null,
      })),
    ),
    sampleTable(
      'servers',
      times(size.servers, (i) => ({
        id: ids.servers[i] ?? '',
        name: i % 50 === 0 ? `Serveur d'équipe 🚀 ${i}` : `${capital(random.pick(NOUNS))} Server ${i}`,
        description: random.chance(0.4) ? null : 'Virtual server',
        icon: random.chance(0.5) ? null : 'https://cdn.example.net/i.png',
        ...dates(random),
        is_active: random.chance(0.95),
        ...origin(random, null),
      })),
    ),
    sampleTable(
      'a2a_agents',
      times(size.agents, (i) => ({
        id: ids.agents[i] ?? '',
        name: `agent ${i}`,
        slug: `agent-${i}`,
        description: 'A2A peer',
        endpoint_url: `https://a2a.example.net/${i}`,
        agent_type: random.pick(['generic', 'openai', 'jsonrpc']),
        protocol_version: '1.0',
        capabilities: '{"stream": true}',
        config: '{"timeout": 30}',
        auth_type: 'api_key',
        auth_value: `enc:${random.hex(32)}`,
        enabled: random.chance(0.9),
        reachable: random.chance(0.8),
        ...dates(random),
        last_interaction: random.chance(0.5) ? null : random.moment(),
        ...origin(random, null),
      })),
    ),
    sampleTable(
      'tools',
      times(size.tools, (i) => {
        const name = toolName(random, i);
        const slug = name.replaceAll(/[^\p{L}\p{N}]+/gu, '-');
        const from = random.chance(0.8) ? gateway() : -1;
        const hasAuth = random.chance(0.3);
        return {
          id: ids.tools[i] ?? '',
          original_name: name,
          url: random.chance(0.1) ? null : `https://api.example.net/${encodeURIComponent(name)}`,
          description: random.chance(0.2) ? null : `Call ${name} on the backend.`,
          integration_type: random.pick(['MCP', 'REST']),
          request_type: random.pick(['SSE', 'POST', 'GET']),
          headers: random.chance(0.5) ? null : '{"Accept": "application/json"}',
          input_schema: inputSchema(random, name),
          annotations: '{"readOnlyHint": false}',
          ...dates(random),
          enabled: random.chance(0.9),
          reachable: random.chance(0.8),
          jsonpath_filter: random.chance(0.7) ? '' : '$.data[*]',
          ...origin(random, gatewayNames[from] ?? null),
          auth_type: hasAuth ? 'bearer' : null,
          auth_value: hasAuth ? bearer(random) : null,
          custom_name: random.chance(0.8) ? name : name.split('_').map(capital).join(' '),
          custom_name_slug: slug,
          gateway_id: ids.gateways[from] ?? null,
          name: from < 0 ? slug : `${gatewayNames[from]}-${slug}`,
        };
      }),
    ),
    sampleTable(
      'resources',
      times(size.resources, (i) => ({
        uri: random.chance(0.2)
          ? `template://ticket/{id}/${i}`
          : `file:///docs/${random.pick(NOUNS)}/${i}.md`,
        name: `${capital(random.pick(NOUNS))} doc ${i}`,
        description: random.chance(0.5) ? null : 'Reference text',
        mime_type: 'text/markdown',
        size: random.below(50_000),
        template: null,
        ...dates(random),
        is_active: random.chance(0.9),
        ...origin(random, null),
        text_content: `# Title ${i}\n${'lorem ipsum '.repeat(5 + random.below(20))}`,
        gateway_id: random.chance(0.3) ? (ids.gateways[gateway()] ?? null) : null,
      })),
    ),
    sampleTable(
      'prompts',
      times(size.prompts, (i) => ({
        name: `prompt-${random.pick(NOUNS)}-${i}`,
        description: random.chance(0.5) ? null : `Ask about ${random.pick(NOUNS)}`,
        template: 'Explain {{ topic }} to {{ audience }}.',
        argument_schema:
          '{"type": "object", "properties": {"topic": {"type": "string"}, "audience": {"type": "string"}}, "required": ["topic"]}',
        ...dates(random),
        is_active: random.chance(0.9),
        ...origin(random, null),
        gateway_id: random.chance(0.2) ? (ids.gateways[gateway()] ?? null) : null,
      })),
    ),
  ];
}

function dates(random: Random) {
  return { created_at: random.moment(), updated_at: random.moment() };
}

/** Tags, and where a row came from. */
function origin(random: Random, peer: string | null) {
  const byHand = random.chance(0.5);
  return {
    tags: random.pick(['[]', '["prod"]', '["beta", "internal"]']),
    created_by: byHand ? 'admin' : null,
    created_from_ip: byHand ? `10.0.0.${random.below(250)}` : null,
    created_via: byHand ? 'ui' : null,
    created_user_agent: null,
    modified_by: null,
    modified_from_ip: null,
    modified_via: null,
    modified_user_agent: null,
    import_batch_id: null,
    federation_source: peer,
    version: 1 + random.below(3),
  };
}

/** 300 to 600 bytes of JSON schema. */
function inputSchema(random: Random, name: string): string {
  const first = random.below(NOUNS.length);
  const properties = [...times(3 + random.below(3), (i) => NOUNS[(first + i) % NOUNS.length])].map(
    (noun) => `"${noun}": {"type": "string", "description": "The ${noun} of the ${name}, as text"}`,
  );
  return `{"type": "object", "properties": {${properties.join(', ')}}, "required": []}`;
}
