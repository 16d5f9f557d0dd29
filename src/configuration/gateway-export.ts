import { sql } from 'kysely';
import { jsonText, type Value } from '../database/value.ts';
import type { Entity, Reference } from './document.ts';
import type { EntityTable } from './entities.ts';
import { type Exported, type ExportRequest, entityRows, objectOfLists } from './export.ts';

/** What is said of the document itself. */
export interface GatewayHeader {
  /** ISO 8601, UTC. */
  readonly exportedAt: string;
  readonly host: string;
  readonly activeOnly: boolean;
  readonly tags: readonly string[];
}

type Fields = { readonly [key: string]: Value };
type Translate = (row: Entity) => Fields;

const orEmpty = (value: Value | undefined): Value => value ?? {};
const withoutZone = (value: Value | undefined): Value => String(value).replace(/Z$/, '');
const endpoint = (row: Entity, end: string) => `/servers/${row.id}/${end}`;
const namesOf = (row: Entity): string[] => ((row.tools ?? []) as Reference[]).map(({ name }) => name);
const withAuth = ({ auth_type, auth_value }: Entity): Fields => ({
  auth_type: auth_type ?? null,
  auth_value: auth_value ?? null,
});
const isNothing = (value: Value | undefined) => value === undefined || value === null || value === '';

type ArgumentSchema = {
  properties?: Record<string, { description?: Value }>;
  required?: readonly string[];
} | null;

/** Arguments as the gateway tells of them: each is a text. */
function argumentsOf(schema: ArgumentSchema): Fields {
  const given = Object.entries(schema?.properties ?? {});
  const properties = given.map(([name, { description }]) => [
    name,
    { type: 'string', description: description ?? '' },
  ]);
  const required = given.map(([name]) => name).filter((name) => schema?.required?.includes(name));
  return { type: 'object', properties: Object.fromEntries(properties), required };
}

/** Rows as the gateway's own export has them (CONFIGURATION A3), in its order of types and fields. */
const TYPES: Readonly<Partial<Record<EntityTable, Translate>>> = {
  tools: (row) => ({
    name: row.original_name ?? null,
    ...('display_name' in row ? { displayName: row.display_name ?? row.custom_name ?? null } : {}),
    url: row.url ?? null,
    integration_type: row.integration_type ?? null,
    request_type: row.request_type ?? null,
    description: row.description ?? null,
    headers: orEmpty(row.headers),
    input_schema: row.input_schema ?? null,
    annotations: orEmpty(row.annotations),
    jsonpath_filter: row.jsonpath_filter ?? null,
    tags: row.tags ?? [],
    rate_limit: null,
    timeout: null,
    is_active: row.enabled ?? null,
    created_at: withoutZone(row.created_at),
    updated_at: withoutZone(row.updated_at),
    ...(isNothing(row.auth_type) ? {} : withAuth(row)),
  }),
  gateways: (row) => ({
    name: row.name ?? null,
    url: row.url ?? null,
    description: row.description ?? null,
    transport: row.transport ?? null,
    capabilities: orEmpty(row.capabilities),
    health_check: { url: `${row.url}/health`, interval: 30, timeout: 10, retries: 3 },
    is_active: row.enabled ?? null,
    federation_enabled: true,
    tags: row.tags ?? [],
    passthrough_headers: row.passthrough_headers ?? [],
    ...(isNothing(row.auth_value) ? {} : withAuth(row)),
  }),
  servers: (row) => ({
    name: row.name ?? null,
    description: row.description ?? null,
    tool_ids: namesOf(row),
    sse_endpoint: endpoint(row, 'sse'),
    websocket_endpoint: endpoint(row, 'ws'),
    jsonrpc_endpoint: endpoint(row, 'jsonrpc'),
    capabilities: { tools: { list_changed: true }, prompts: { list_changed: true } },
    is_active: row.is_active ?? null,
    tags: row.tags ?? [],
  }),
  prompts: (row) => ({
    name: row.name ?? null,
    template: row.template ?? null,
    description: row.description ?? null,
    input_schema: argumentsOf(row.argument_schema as ArgumentSchema),
    tags: row.tags ?? [],
    is_active: row.is_active ?? null,
  }),
  resources: (row) => ({
    name: row.name ?? null,
    uri: row.uri ?? null,
    description: row.description ?? null,
    mime_type: row.mime_type ?? null,
    tags: row.tags ?? [],
    is_active: row.is_active ?? null,
    last_modified: withoutZone(row.updated_at),
  }),
};

/** What of a row has no place there, by what it is called for people. */
const LEFT_OUT: Readonly<Partial<Record<EntityTable, Readonly<Record<string, (row: Entity) => unknown>>>>> = {
  gateways: { 'OAuth settings of gateways': (row) => !isNothing(row.oauth_config) },
  servers: {
    'icons of servers': (row) => !isNothing(row.icon),
    'servers with resources, prompts or agents': (row) =>
      [row.resources, row.prompts, row.a2a_agents].some((list) => ((list ?? []) as Value[]).length > 0),
  },
  resources: {
    'contents of resources': (row) => !isNothing(row.text_content) || !isNothing(row.binary_content),
    'templates of resources': (row) => !isNothing(row.template),
  },
};

/** The rows that have a place there; those that have none are told of. */
export async function placedInGateway(
  { source, note }: ExportRequest,
  exported: readonly Exported[],
): Promise<readonly Exported[]> {
  const ofGateways = await source.db.query<{ id: Exported['ids'][number] }>(
    sql`SELECT id FROM tools WHERE integration_type = ${'MCP'} AND gateway_id IS NOT NULL`,
  );
  const brought = new Set(ofGateways.map(({ id }) => id));
  return exported.flatMap(({ type, ids }) => {
    const isPlaced = TYPES[type.table] !== undefined;
    const placed = !isPlaced ? [] : type.table === 'tools' ? ids.filter((id) => !brought.has(id)) : ids;
    const left = ids.length - placed.length;
    const what = isPlaced ? 'tools of gateways, which find them again' : `${type.word}s`.replace('-', ' ');
    if (left > 0) note(`Left out: ${what} (${left}).`);
    return isPlaced ? [{ type, ids: placed }] : [];
  });
}

/** The gateway's own document (CONFIGURATION A2), piece by piece; what it cannot hold is told of at the end. */
export async function* gatewayDocumentText(
  request: ExportRequest,
  exported: readonly Exported[],
  { exportedAt, host, activeOnly, tags }: GatewayHeader,
): AsyncGenerator<string> {
  const counts: Record<string, number> = {};
  const offered: Record<string, string[]> = {};
  const left = new Map<string, number>();
  const leave = (what: string) => left.set(what, (left.get(what) ?? 0) + 1);
  async function* rowsOf(table: EntityTable, translate: Translate): AsyncGenerator<Fields[]> {
    counts[table] = 0;
    const found = exported.find(({ type }) => type.table === table);
    if (found === undefined) return;
    for await (const rows of entityRows(request, found)) {
      for (const row of rows) {
        for (const [what, isLeft] of Object.entries(LEFT_OUT[table] ?? {})) if (isLeft(row)) leave(what);
        if (table === 'servers' && namesOf(row).length > 0) offered[`${row.name}`] = namesOf(row);
      }
      counts[table] += rows.length;
      yield rows.map(translate);
    }
  }
  const lists = Object.entries(TYPES).map(
    ([table, translate]) => [table, rowsOf(table as EntityTable, translate)] as const,
  );
  const head = {
    version: '2025-03-26',
    exported_at: exportedAt,
    exported_by: 'mcpgw',
    source_gateway: host,
    encryption_method: 'AES-256-GCM',
  };
  yield jsonText(head, 2).slice(0, -2);
  // Roots are in the memory of a gateway, and no database has them.
  yield* objectOfLists('entities', [...lists, ['roots', (async function* () {})()]]);
  const metadata = {
    entity_counts: { ...counts, roots: 0 },
    dependencies: { servers_to_tools: offered, servers_to_resources: {}, servers_to_prompts: {} },
    export_options: {
      include_inactive: !activeOnly,
      include_dependencies: true,
      selected_types: [...Object.keys(TYPES), 'roots'],
      filter_tags: tags,
    },
  };
  yield `,\n  "metadata": ${jsonText(metadata, 2).replaceAll('\n', '\n  ')}\n}\n`;
  request.note(
    'Left out, since the gateway’s document has no place for them: ids, owners, teams and visibilities.',
  );
  for (const [what, n] of left) request.note(`Left out: ${what} (${n}).`);
}
