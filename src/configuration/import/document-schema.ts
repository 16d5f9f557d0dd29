import * as z from 'zod';
import { ExactNumber, type Value } from '../../database/value.ts';
import { releaseSchema } from '../../migrate/release-schema.ts';
import type { Column, ColumnKind } from '../../schema/model.ts';
import { FORMAT, FORMAT_VERSION } from '../document.ts';
import { ACCOUNT_TABLES, ASSOCIATIONS, CREDENTIALS, ENTITY_TYPES, type EntityType } from '../entities.ts';
import { IMPORT_TYPES } from './types.ts';

/** MySQL takes 100 levels of JSON, others more; all that reads a value is written for no more than this. */
const MOST_LEVELS = 200;
const LARGEST = 2 ** 31 - 1;
const HALF_A_CHARACTER = /[\ud800-\udfff]/u;

export const text = z.string().refine((value) => !HALF_A_CHARACTER.test(value), 'it is no Unicode text');
export const json = z.unknown().superRefine((value, { addIssue }) => {
  const fault = faultIn(value, 0);
  if (fault !== null) addIssue(fault);
}) as z.ZodType<Value>;
const time = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)$/,
    'it has to be a time as 2026-01-31T12:00:00Z',
  );

const KINDS: Readonly<Record<ColumnKind, z.ZodType>> = {
  string: text,
  text,
  json,
  boolean: z.boolean(),
  datetime: time,
  'naive-datetime': time,
  integer: z.int().min(-LARGEST).max(LARGEST),
  bigint: z.int(),
  float: z.number(),
  blob: z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'it has to be bytes in base64'),
  other: json,
  unknown: json,
};

/** What no database keeps: text that is no Unicode, and what is nested too deep. */
function faultIn(value: unknown, level: number): string | null {
  if (typeof value === 'string') return HALF_A_CHARACTER.test(value) ? 'a text in it is no Unicode' : null;
  if (typeof value !== 'object' || value === null || value instanceof ExactNumber) return null;
  if (level === MOST_LEVELS) return `it is nested deeper than ${MOST_LEVELS} levels`;
  for (const part of Object.values(value)) {
    const fault = faultIn(part, level + 1);
    if (fault !== null) return fault;
  }
  return null;
}

const team = z.strictObject({ slug: text, owner: text.optional() }).nullable();
const reference = z.strictObject({ id: z.union([text, z.int()]), name: text });

/**
 * The document of a release, as `import` takes it: any value of a column may be left out that a new row can have by
 * itself, so that people can write one by hand.
 */
export const documentSchema = (release: '0.6.0' | '0.7.0') =>
  z.strictObject({
    format: z.literal(FORMAT),
    version: z.literal(FORMAT_VERSION),
    exportedAt: z.string(),
    tool: z.unknown(),
    source: z.looseObject({ release: z.literal(release) }),
    secrets: z.strictObject({
      mode: z.enum(['keep', 'omit', 'rekey', 'plain']),
      keyCheck: z.string().nullable(),
    }),
    selection: z.array(z.string()).nullish(),
    counts: z.unknown(),
    accounts: lists(
      ACCOUNT_TABLES.map((each) => [each.table, rowOf(columnsOf('0.7.0', each.table), LEFT_OUT)]),
    ).optional(),
    entities: lists(ENTITY_TYPES.map((type) => [type.table, entityOf(type, release)])),
  });

/** Of users, but `--with-credentials`, and what fares by itself. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...CREDENTIALS,
  ...ACCOUNT_TABLES.flatMap(({ statistics }) => statistics),
]);

const columnsOf = (release: '0.6.0' | '0.7.0', table: string) =>
  releaseSchema(release).get(table)?.columns ?? [];

const lists = (types: readonly (readonly [string, z.ZodType])[]) =>
  z.strictObject(Object.fromEntries(types.map(([name, row]) => [name, z.array(row).optional()])));

function entityOf({ table, owned, secrets }: EntityType, release: '0.6.0' | '0.7.0') {
  const optional = new Set([
    ...Object.keys(IMPORT_TYPES.find((type) => type.table === table)?.defaults ?? {}),
    'created_at',
    'updated_at',
    ...(release === '0.6.0' ? ['name'] : []),
  ]);
  const columns = columnsOf(release, table).filter(({ name }) => name !== 'team_id');
  const offers =
    table === 'servers' ? ASSOCIATIONS.map(({ to }) => [to, z.array(reference).optional()] as const) : [];
  return rowOf(columns, optional).extend({
    ...Object.fromEntries(Object.keys(secrets).map((name) => [name, json.optional()])),
    ...(owned && release === '0.7.0' ? { team: team.optional() } : {}),
    ...Object.fromEntries(offers),
  });
}

function rowOf(columns: readonly Column[], optional: ReadonlySet<string>) {
  return z.strictObject(
    Object.fromEntries(
      columns.map(({ name, kind, nullable, default: value }) => {
        const schema = nullable || kind === 'json' ? KINDS[kind].nullable() : KINDS[kind];
        return [name, nullable || value !== null || optional.has(name) ? schema.optional() : schema];
      }),
    ),
  );
}
