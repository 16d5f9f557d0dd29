import type { Value } from '../../database/value.ts';
import type { Row } from '../document.ts';
import type { EntityTable } from '../entities.ts';

const NO_PARAMETERS = { type: 'object', properties: {} };

/** What the gateway puts into columns that nobody said anything about (CONFIGURATION B6). */
const DEFAULTS: Readonly<Record<EntityTable, Row>> = {
  global_config: {},
  gateways: { transport: 'SSE', capabilities: {}, enabled: true, reachable: true },
  tools: {
    integration_type: 'REST',
    request_type: 'GET',
    input_schema: NO_PARAMETERS,
    annotations: {},
    jsonpath_filter: '',
    enabled: true,
    reachable: true,
  },
  resources: { is_active: true },
  prompts: { template: '', argument_schema: { ...NO_PARAMETERS, required: [] }, is_active: true },
  a2a_agents: {
    agent_type: 'generic',
    protocol_version: '1.0',
    capabilities: {},
    config: {},
    enabled: true,
    reachable: true,
  },
  servers: { is_active: true },
};

/** Values of a new row by column, for what the file does not say. */
export function insertDefaults(table: EntityTable, now: Date): Readonly<Record<string, Value>> {
  if (table === 'global_config') return DEFAULTS[table];
  const at = documentTime(now);
  return { tags: [], version: 1, created_at: at, updated_at: at, ...DEFAULTS[table] };
}

/** A moment as documents have it. */
export function documentTime(moment: Date): string {
  return moment.toISOString().replace('Z', '000Z');
}
