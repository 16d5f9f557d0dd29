import type { SampleIds } from './owned-rows.ts';
import type { Random } from './random.ts';
import type { SampleSize } from './sample-size.ts';
import { type SampleTable, type SampleValue, sampleTable, times } from './sample-table.ts';

/** Associations, metrics, sessions, tokens and subscriptions: all that points at the owned tables. */
export function relatedRows(random: Random, size: SampleSize, ids: SampleIds): (SampleTable | null)[] {
  const resource = (i: number) => 1 + (i % size.resources);
  const prompt = (i: number) => 1 + (i % size.prompts);
  const sessions = [...times(Math.ceil(size.metrics / 500), () => random.hex(32))];

  const associations = (
    name: string,
    column: string,
    others: number,
    each: number,
    idOf: (i: number) => string | number,
  ) =>
    sampleTable(
      name,
      pairs(ids.servers, others, each, (server, i) => ({ server_id: server, [column]: idOf(i) })),
    );

  const metrics = (
    name: string,
    column: string,
    share: number,
    parents: number,
    idOf: (i: number) => string | number,
    more: Readonly<Record<string, SampleValue>> = {},
  ) =>
    sampleTable(
      name,
      times(parents === 0 ? 0 : Math.round(size.metrics * share), () => {
        const isSuccess = random.chance(0.95);
        return {
          [column]: idOf(random.below(parents)),
          timestamp: random.moment(),
          response_time: random.below(10_000) / 10_000,
          is_success: isSuccess,
          error_message: isSuccess ? null : 'timeout',
          ...more,
        };
      }),
    );

  const tool = (i: number) => ids.tools[i] ?? '';
  const server = (i: number) => ids.servers[i] ?? '';
  const agent = (i: number) => ids.agents[i] ?? '';
  return [
    sampleTable('global_config', [{ passthrough_headers: '["X-Tenant-Id", "X-Trace-Id"]' }]),
    associations('server_tool_association', 'tool_id', size.tools, 3, tool),
    associations('server_resource_association', 'resource_id', size.resources, 2, resource),
    associations('server_prompt_association', 'prompt_id', size.prompts, 1, prompt),
    associations('server_a2a_association', 'a2a_agent_id', size.agents, 1, agent),
    metrics('tool_metrics', 'tool_id', 0.7, size.tools, tool),
    metrics('server_metrics', 'server_id', 0.1, size.servers, server),
    metrics('resource_metrics', 'resource_id', 0.1, size.resources, resource),
    metrics('prompt_metrics', 'prompt_id', 0.05, size.prompts, prompt),
    metrics('a2a_agent_metrics', 'a2a_agent_id', 0.05, size.agents, agent, { interaction_type: 'invoke' }),
    sampleTable(
      'mcp_sessions',
      sessions.map((id) => ({
        session_id: id,
        created_at: random.moment(),
        last_accessed: random.moment(),
        data: null,
      })),
    ),
    sampleTable(
      'mcp_messages',
      times(sessions.length * 3, (i) => ({
        session_id: sessions[i % sessions.length] ?? '',
        message: `{"jsonrpc": "2.0", "id": ${i}, "method": "tools/list"}`,
        created_at: random.moment(),
        last_accessed: random.moment(),
      })),
    ),
    sampleTable(
      'oauth_tokens',
      times(Math.ceil(size.gateways / 3), (i) => ({
        id: random.hex(32),
        gateway_id: ids.gateways[i] ?? '',
        user_id: 'admin',
        access_token: `enc:${random.hex(32)}`,
        refresh_token: random.chance(0.5) ? null : `enc:${random.hex(32)}`,
        token_type: 'Bearer',
        expires_at: random.moment(),
        scopes: '["read"]',
        created_at: random.moment(),
        updated_at: random.moment(),
      })),
    ),
    sampleTable(
      'resource_subscriptions',
      times(Math.ceil(size.resources / 10), (i) => ({
        resource_id: resource(i),
        subscriber_id: `client-${i}`,
        created_at: random.moment(),
        last_notification: random.chance(0.5) ? null : random.moment(),
      })),
    ),
  ];
}

/** Every server with up to `each` of the others, no pair twice. */
function* pairs<T>(
  servers: readonly string[],
  others: number,
  each: number,
  row: (server: string, other: number) => T,
): Generator<T> {
  for (const [i, server] of servers.entries()) {
    for (let k = 0; k < Math.min(each, others); k++) yield row(server, (i * each + k) % others);
  }
}
