import { randomUUID } from 'node:crypto';
import type { Value } from '../../database/value.ts';
import { displayName } from '../../schema/display-name.ts';
import type { ColumnKind } from '../../schema/model.ts';
import { slugify } from '../../seed/slugify.ts';
import type { Entity } from '../document.ts';
import type { EntityTable } from '../entities.ts';
import { called, checkValue, inPath, isObject } from './check-values.ts';
import type { Problems } from './problems.ts';
import type { Source } from './source.ts';

interface Field {
  readonly kind: ColumnKind;
  /** Where it goes, when that has another name; null where there is no place for it. */
  readonly column?: string | null;
  readonly needed?: boolean;
}

const text: Field = { kind: 'text' };
const json: Field = { kind: 'json' };
const name: Field = { kind: 'string', needed: true };
const common = { description: text, tags: json };
const ignored: Field = { kind: 'json', column: null };

type Lists = Readonly<Record<string, Readonly<Record<string, Field>>>>;

/** The fields of the gateway's document (CONFIGURATION A3); those that it invents are ignored. */
const FIELDS: Lists = {
  gateways: {
    ...common,
    name,
    url: name,
    transport: text,
    capabilities: json,
    is_active: { kind: 'boolean', column: 'enabled' },
    passthrough_headers: json,
    auth_type: text,
    auth_value: text,
    health_check: ignored,
    federation_enabled: ignored,
  },
  tools: {
    ...common,
    name: { ...name, column: 'original_name' },
    displayName: { kind: 'string', column: 'display_name' },
    url: name,
    integration_type: name,
    request_type: text,
    headers: json,
    input_schema: json,
    annotations: json,
    jsonpath_filter: text,
    is_active: { kind: 'boolean', column: 'enabled' },
    created_at: text,
    updated_at: text,
    auth_type: text,
    auth_value: text,
    rate_limit: ignored,
    timeout: ignored,
  },
  resources: {
    ...common,
    name,
    uri: name,
    mime_type: text,
    is_active: { kind: 'boolean' },
    last_modified: ignored,
  },
  prompts: {
    ...common,
    name,
    template: { kind: 'text', needed: true },
    input_schema: { kind: 'json', column: 'argument_schema' },
    is_active: { kind: 'boolean' },
  },
  servers: {
    ...common,
    name,
    is_active: { kind: 'boolean' },
    tool_ids: json,
    sse_endpoint: text,
    websocket_endpoint: text,
    jsonrpc_endpoint: text,
    capabilities: ignored,
  },
};

const ENDPOINT = /\/servers\/([^/]{1,36})\/(?:sse|ws|jsonrpc)$/;

/** Whether it looks like what `/export` of the gateway gives, or like what somebody sent to its `/import`. */
export function isGatewayDocument(file: unknown): file is Readonly<Record<string, unknown>> {
  return isObject(file) && file.format === undefined && 'entities' in file && 'exported_at' in file;
}

/**
 * The gateway's own document as ours. What it does not have is not in the rows either: ids, owners, teams, contents
 * (CONFIGURATION A3). Only a server's id is, in its endpoints.
 */
export function readGatewayDocument(
  file: Readonly<Record<string, unknown>>,
  wrong: Problems,
  separator: string,
  now: Date,
): Source {
  const lists = isObject(file.entities) ? file.entities : {};
  if (!isObject(file.entities))
    wrong.add('entities', `it is ${called(file.entities)}, and has to be an object`);
  const entities: Partial<Record<EntityTable, readonly Entity[]>> = {};
  for (const [table, rows] of Object.entries(lists)) {
    const path = `entities.${inPath(table)}`;
    if (!Array.isArray(rows)) wrong.add(path, `it is ${called(rows)}, and has to be a list`);
    // They are in the memory of a gateway, and no database has them.
    else if (table === 'roots') continue;
    else if (FIELDS[table] === undefined) wrong.add(path, 'there is no such type');
    else {
      entities[table as EntityTable] = rows.flatMap((row: unknown, i) => {
        const fields = readFields(row, FIELDS[table] ?? {}, `${path}[${i}]`, wrong);
        return fields === null ? [] : [CONVERT[table as keyof typeof CONVERT](fields, { separator, now })];
      });
    }
  }
  const { tools } = lists;
  const isNew = Array.isArray(tools) && tools.some((tool) => isObject(tool) && 'displayName' in tool);
  refuseTwice(entities, wrong);
  return {
    kind: 'gateway',
    isPart: true,
    release: isNew ? '0.7.0' : '0.6.0',
    secrets: { mode: 'keep', keyCheck: null },
    accounts: {},
    entities,
  };
}

type Fields = Readonly<Record<string, Value | undefined>>;

function readFields(row: unknown, known: Lists[string], path: string, wrong: Problems): Fields | null {
  if (!isObject(row)) {
    wrong.add(path, `it is ${called(row)}, and has to be an object`);
    return null;
  }
  const before = wrong.count;
  // Later releases of the gateway may have more; they are not what this one would keep.
  for (const [key, { kind, needed = false }] of Object.entries(known ?? {})) {
    const value = row[key];
    if (value === undefined && !needed) continue;
    checkValue(wrong, `${path}.${key}`, value, { kind, nullable: !needed });
  }
  const { tool_ids } = row;
  if (tool_ids !== undefined && !(Array.isArray(tool_ids) && tool_ids.every((id) => typeof id === 'string')))
    wrong.add(`${path}.tool_ids`, 'it has to be a list of texts');
  return wrong.count > before ? null : (row as Fields);
}

interface Converting {
  readonly separator: string;
  readonly now: Date;
}

/** Fields as columns, but for those that stay as they are where nothing is said: `null` and nothing are the same. */
function columnsOf(table: string, fields: Fields): Record<string, Value> {
  const row: Record<string, Value> = {};
  for (const [key, { column = key }] of Object.entries(FIELDS[table] ?? {})) {
    const value = fields[key];
    if (column !== null && value !== undefined && value !== null) row[column] = value;
  }
  return row;
}

const newId = () => randomUUID().replaceAll('-', '');
const isEmptyList = (value: Value | undefined) => Array.isArray(value) && value.length === 0;
const isEmptyObject = (value: Value | undefined) => isObject(value) && Object.keys(value).length === 0;

const CONVERT: Readonly<
  Record<
    'gateways' | 'tools' | 'resources' | 'prompts' | 'servers',
    (fields: Fields, c: Converting) => Entity
  >
> = {
  gateways(fields, { separator }) {
    const row = columnsOf('gateways', fields);
    if (isEmptyList(row.passthrough_headers)) row.passthrough_headers = null;
    return { ...row, id: newId(), slug: slugify(String(row.name), separator) };
  },
  tools(fields, { separator }) {
    const row = columnsOf('tools', fields);
    const original = String(row.original_name);
    if (isEmptyObject(row.headers)) row.headers = null;
    for (const at of ['created_at', 'updated_at']) {
      const time = typeof row[at] === 'string' ? documentMoment(row[at]) : null;
      if (time === null) delete row[at];
      else row[at] = time;
    }
    const slug = slugify(original, separator);
    const secret =
      'auth_type' in fields
        ? { auth_type: fields.auth_type ?? null, auth_value: fields.auth_value ?? null }
        : {};
    return {
      ...row,
      ...secret,
      id: newId(),
      custom_name: original,
      custom_name_slug: slug,
      name: slug,
      display_name: row.display_name ?? displayName(null, original),
    };
  },
  // Their ids are numbers, which are given when it is known which are free.
  resources: (fields) => columnsOf('resources', fields),
  prompts(fields) {
    const row = columnsOf('prompts', fields);
    const { argument_schema: schema } = row;
    if (isObject(schema)) row.argument_schema = argumentSchema(schema as Readonly<Record<string, Value>>);
    return row;
  },
  servers(fields) {
    const { tool_ids, sse_endpoint, websocket_endpoint, jsonrpc_endpoint, ...row } = columnsOf(
      'servers',
      fields,
    );
    const endpoints = [sse_endpoint, websocket_endpoint, jsonrpc_endpoint];
    const id = endpoints.map((endpoint) => ENDPOINT.exec(String(endpoint ?? ''))?.[1]).find(Boolean);
    const tools = ((tool_ids ?? []) as readonly string[]).map((tool) => ({ id: tool, name: tool }));
    return { ...row, id: id ?? newId(), ...(tool_ids === undefined ? {} : { tools }) };
  },
};

/** As the gateway keeps it: an argument without a description has none (CONFIGURATION B6). */
function argumentSchema(schema: Readonly<Record<string, Value>>): Value {
  const properties = isObject(schema.properties)
    ? (schema.properties as Readonly<Record<string, Value>>)
    : {};
  const described = Object.entries(properties).map(([argument, about]) => {
    if (!isObject(about) || about.description !== '') return [argument, about];
    return [argument, Object.fromEntries(Object.entries(about).filter(([key]) => key !== 'description'))];
  });
  return { ...schema, properties: Object.fromEntries(described) };
}

/** Times of the gateway's document have no zone, and are UTC. Null for what is no time. */
function documentMoment(text: string): string | null {
  const [, date, time, fraction = ''] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?/.exec(text) ?? [];
  return date === undefined ? null : `${date}T${time}.${fraction.padEnd(6, '0')}Z`;
}

/** Two servers cannot have one id; nothing else has any. */
function refuseTwice({ servers = [] }: Source['entities'], wrong: Problems): void {
  const places = new Map<Value, number>();
  for (const [i, { id = null }] of servers.entries()) {
    const first = places.get(id);
    if (first === undefined) places.set(id, i);
    else wrong.add(`entities.servers[${i}].sse_endpoint`, `it has the id of entities.servers[${first}]`);
  }
}
