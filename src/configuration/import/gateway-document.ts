import * as z from 'zod';
import { hexId } from '../../database/rows.ts';
import type { Value } from '../../database/value.ts';
import { displayName } from '../../schema/display-name.ts';
import { slugify } from '../../seed/slugify.ts';
import type { Entity } from '../document.ts';
import { json, text } from './document-schema.ts';

const shown = { description: text.nullish(), tags: json.nullish(), is_active: z.boolean().nullish() };
const credential = { auth_type: text.nullish(), auth_value: json.optional() };
const schema = (json as z.ZodType<unknown>)
  .pipe(
    z.looseObject({
      properties: z.record(z.string(), z.looseObject({ description: text.nullish() })).nullish(),
    }),
  )
  .nullish();
const ENDPOINT = /\/servers\/([^/]{1,36})\/(?:sse|ws|jsonrpc)$/;

/** What is there: in this document `null` and nothing are the same, but for a credential. */
const present = (row: Readonly<Record<string, Value | undefined>>): Entity =>
  Object.fromEntries(
    Object.entries(row).filter((field): field is [string, Value] => (field[1] ?? null) !== null),
  );

const isEmpty = (value: Value | undefined) =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/**
 * The gateway's own document, its rows as ours. What it does not have is not in them either: ids, owners, teams,
 * contents; what the gateway invents for it is left out (CONFIGURATION A3, B6). Later releases may say more.
 *
 * @param separator of slugs
 */
export function gatewayDocument(separator: string) {
  // Numbers that no database gives: it is known later which are free.
  let last = 0;
  const numberless = () => --last;
  const gateway = z.object({
    ...shown,
    ...credential,
    name: text,
    url: text,
    transport: text.nullish(),
    capabilities: json.nullish(),
    passthrough_headers: json.nullish(),
  });
  const tool = z.object({
    ...shown,
    ...credential,
    name: text,
    displayName: text.nullish(),
    url: text,
    integration_type: text,
    request_type: text.nullish(),
    headers: json.nullish(),
    input_schema: json.nullish(),
    annotations: json.nullish(),
    jsonpath_filter: text.nullish(),
    created_at: text.nullish(),
    updated_at: text.nullish(),
  });
  const resource = z.object({ ...shown, name: text, uri: text, mime_type: text.nullish() });
  const prompt = z.object({ ...shown, name: text, template: text, input_schema: schema });
  const server = z.object({
    ...shown,
    name: text,
    tool_ids: z.array(text).nullish(),
    sse_endpoint: text.nullish(),
    websocket_endpoint: text.nullish(),
    jsonrpc_endpoint: text.nullish(),
  });
  const list = <T extends z.ZodType>(row: T, convert: (row: z.output<T>) => Entity) =>
    z.array(row.transform(convert)).optional();
  return z.object({
    exported_at: z.string(),
    entities: z.strictObject({
      roots: z.array(z.unknown()).optional(),
      gateways: list(gateway, ({ is_active: enabled, passthrough_headers, ...rest }) => ({
        ...present({ ...rest, enabled }),
        passthrough_headers: isEmpty(passthrough_headers) ? null : (passthrough_headers ?? null),
        id: hexId(),
        slug: slugify(rest.name, separator),
      })),
      tools: list(tool, ({ name, displayName: shownAs, is_active: enabled, headers, ...rest }) => {
        const { auth_type = null, auth_value = null, created_at, updated_at } = rest;
        const slug = slugify(name, separator);
        return {
          ...present({ ...rest, enabled, created_at: moment(created_at), updated_at: moment(updated_at) }),
          ...(auth_type === null ? {} : { auth_type, auth_value }),
          headers: isEmpty(headers) ? null : (headers ?? null),
          id: hexId(),
          original_name: name,
          custom_name: name,
          custom_name_slug: slug,
          name: slug,
          display_name: shownAs ?? displayName(null, name),
        };
      }),
      resources: list(resource, (row) => ({ ...present(row), id: numberless() })),
      prompts: list(prompt, ({ input_schema, ...rest }) =>
        present({ ...rest, argument_schema: argumentSchema(input_schema), id: numberless() }),
      ),
      servers: list(server, ({ tool_ids, sse_endpoint, websocket_endpoint, jsonrpc_endpoint, ...rest }) => {
        const endpoints = [sse_endpoint, websocket_endpoint, jsonrpc_endpoint];
        const id = endpoints.map((endpoint) => ENDPOINT.exec(endpoint ?? '')?.[1]).find(Boolean);
        const tools = tool_ids?.map((tool) => ({ id: tool, name: tool }));
        return present({ ...rest, id: id ?? hexId(), tools });
      }),
    }),
  });
}

/** As the gateway keeps it: an argument without a description has none. */
function argumentSchema(given: z.output<typeof schema>): Value | undefined {
  if (given === undefined || given === null) return undefined;
  const described = Object.entries(given.properties ?? {}).map(([name, { description, ...rest }]) => [
    name,
    (description ?? '') === '' ? rest : { ...rest, description },
  ]);
  return { ...given, properties: Object.fromEntries(described) } as Value;
}

/** Its times have no zone, and are UTC. */
function moment(time: string | null | undefined): string | undefined {
  const [, date, clock, fraction = ''] =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?/.exec(time ?? '') ?? [];
  return date === undefined ? undefined : `${date}T${clock}.${fraction.padEnd(6, '0')}Z`;
}
