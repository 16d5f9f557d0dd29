import { FORMAT, FORMAT_VERSION } from '../../src/configuration/document.ts';
import {
  ACCOUNT_TABLES,
  ASSOCIATIONS,
  CREDENTIALS,
  ENTITY_TYPES,
  type EntityType,
} from '../../src/configuration/entities.ts';
import { releaseSchema } from '../../src/migrate/release-schema.ts';
import type { Column } from '../../src/schema/model.ts';

const v070 = releaseSchema('0.7.0');
const TIME = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z$' };

/** What a column may hold in a document. */
function valueSchema({ kind, nullable, name }: Column, secrets: EntityType['secrets'] = {}): object {
  // Encrypted a text, with --secrets plain an object, with --secrets omit null.
  if (name in secrets) return {};
  const types: Readonly<Record<string, object>> = {
    json: {},
    boolean: { type: 'boolean' },
    datetime: TIME,
    'naive-datetime': TIME,
    integer: { type: 'integer' },
    bigint: { type: 'integer' },
    float: { type: 'number' },
    blob: { type: 'string', contentEncoding: 'base64' },
  };
  const type = types[kind] ?? { type: 'string' };
  return nullable && kind !== 'json' ? { anyOf: [type, { type: 'null' }] } : type;
}

const object = (properties: object, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const list = (items: object) => ({ type: 'array', items });
const oneOf = (...values: readonly unknown[]) => ({ enum: values });

const reference = object({
  id: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
  name: { type: 'string' },
});
const team = {
  anyOf: [object({ slug: { type: 'string' }, owner: { type: 'string' } }, ['slug']), { type: 'null' }],
};

function entitySchema({ table, statistics, secrets, label, owned }: EntityType): object {
  const columns = v070.get(table)?.columns.filter(({ name }) => !statistics.includes(name)) ?? [];
  const properties = {
    ...Object.fromEntries(columns.map((each) => [each.name, valueSchema(each, secrets)])),
    ...(owned ? { team } : {}),
    ...(table === 'servers' ? Object.fromEntries(ASSOCIATIONS.map(({ to }) => [to, list(reference)])) : {}),
  };
  const { team_id: _never, ...rest } = properties as Record<string, object>;
  return object(rest, ['id', ...(label === null ? [] : [label])]);
}

/** The JSON Schema of what `mcpgw export` writes (2020-12). What a release has not its rows have not, either. */
export function configurationSchema(): string {
  const accounts = ACCOUNT_TABLES.map(({ table, statistics, secrets }) => {
    const columns = v070.get(table)?.columns.filter(({ name }) => !statistics.includes(name)) ?? [];
    const required = columns.map(({ name }) => name).filter((name) => !CREDENTIALS.has(name));
    return [
      table,
      list(
        object(Object.fromEntries(columns.map((each) => [each.name, valueSchema(each, secrets)])), required),
      ),
    ];
  });
  const properties = {
    format: { const: FORMAT },
    version: { const: FORMAT_VERSION },
    exportedAt: { type: 'string', format: 'date-time' },
    tool: object({ name: { const: 'mcpgw' }, version: { type: 'string' } }),
    source: object({
      release: oneOf('0.6.0', '0.7.0'),
      revision: { type: 'string' },
      dialect: oneOf('sqlite', 'postgresql', 'mysql'),
      host: { type: 'string' },
    }),
    secrets: object({
      mode: oneOf('keep', 'omit', 'rekey', 'plain'),
      keyCheck: { anyOf: [{ type: 'string', pattern: '^[0-9a-f]{16}$' }, { type: 'null' }] },
    }),
    selection: { anyOf: [list({ type: 'string' }), { type: 'null' }] },
    counts: { type: 'object', additionalProperties: { type: 'integer', minimum: 0 } },
    accounts: object(Object.fromEntries(accounts)),
    entities: object(
      Object.fromEntries(ENTITY_TYPES.map((type) => [type.table, list(entitySchema(type))])),
      [],
    ),
  };
  const required = Object.keys(properties).filter((name) => name !== 'accounts');
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of an MCP Gateway, as mcpgw export writes it',
    ...object(properties, required),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
