import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { ValueColumn } from '../database/row-values.ts';
import type { Value } from '../database/value.ts';
import { releaseSchema } from '../migrate/release-schema.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import type { Row, TeamReference } from './document.ts';
import { ASSOCIATIONS, type Association, type EntityType, entityType } from './entities.ts';
import { type Candidate, keyOf } from './selection.ts';

/** A database whose rows are read. */
export interface Source {
  readonly db: Connection;
  readonly schema: Schema;
  readonly release: '0.6.0' | '0.7.0';
  /** By id. */
  readonly teams: ReadonlyMap<string, TeamReference>;
}

export type Id = string | number;
interface Key {
  readonly id: Id;
  readonly label: string;
}

/** Columns of a table of its release, as far as they are there, the key first. */
export function columnsOf({ schema, release }: Pick<Source, 'schema' | 'release'>, table: string) {
  const found = schema.get(table);
  return (releaseSchema(release).get(table)?.columns ?? []).flatMap(({ name, kind }): ValueColumn[] => {
    const there = columnOf(found, name);
    return there === undefined ? [] : [{ ...there, kind }];
  });
}

/** Every team that can be referred to. */
export async function readTeams(source: Pick<Source, 'db' | 'schema' | 'release'>): Promise<Source['teams']> {
  if (!source.schema.has('email_teams') || source.release === '0.6.0') return new Map();
  const wanted = ['id', 'slug', 'is_personal', 'created_by'];
  const columns = columnsOf(source, 'email_teams').filter(({ name }) => wanted.includes(name));
  const teams = new Map<string, TeamReference>();
  const ids = await readIds(source.db, 'email_teams', 'id', null);
  for await (const rows of readRows(source.db, 'email_teams', fieldsOf(columns), ids)) {
    for (const { id, slug, is_personal, created_by } of rows) {
      const owner = is_personal === true ? { owner: String(created_by) } : {};
      teams.set(String(id), { ...owner, slug: String(slug) });
    }
  }
  return teams;
}

/** Ids of the rows of a table, in the order of their labels, then of themselves, both by code points. */
export async function readIds(
  db: Connection,
  table: string,
  key: string,
  label: string | null,
): Promise<readonly Id[]> {
  const name = label === null ? sql`''` : sql`coalesce(${sql.ref(label)}, '')`;
  const rows = await db.query<Key>(
    sql`SELECT ${sql.ref(key)} AS id, ${name} AS label FROM ${sql.table(table)}`,
  );
  return rows.sort(inOrder).map(({ id }) => id);
}

/** Compares by label, then by id. */
export function inOrder(a: Key, b: Key): number {
  if (a.label !== b.label) return byCodePoints(a.label, b.label);
  return typeof a.id === 'number' && typeof b.id === 'number'
    ? a.id - b.id
    : byCodePoints(`${a.id}`, `${b.id}`);
}

/** What is in another order where halves of characters are compared, as JavaScript does, and not whole ones. */
const BEYOND = /[\ud800-\uffff]/;

function byCodePoints(a: string, b: string): number {
  if (BEYOND.test(a) || BEYOND.test(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Every row as a selection wants to know it. */
export async function readCandidates(
  source: Source,
  types: readonly EntityType[],
): Promise<readonly Candidate[]> {
  const offered = types.some(({ table }) => table === 'servers') ? await readOffers(source) : new Map();
  const all: Candidate[] = [];
  for (const type of types) {
    const wanted = [
      'id',
      type.label,
      'tags',
      'team_id',
      'owner_email',
      'visibility',
      'gateway_id',
      type.active,
    ];
    const columns = columnsOf(source, type.table).filter(({ name }) => wanted.includes(name));
    const ids = await readIds(source.db, type.table, 'id', null);
    for await (const rows of readRows(source.db, type.table, fieldsOf(columns), ids)) {
      for (const row of rows) all.push(candidateOf(source, type, row, offered));
    }
  }
  return all;
}

function candidateOf(
  { teams }: Source,
  { table, label, active }: EntityType,
  row: Row,
  offered: ReadonlyMap<string, readonly string[]>,
): Candidate {
  const id = row.id as Id;
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  const gateway = text(row.gateway_id);
  const slug = teams.get(`${row.team_id}`)?.slug;
  return {
    table,
    id,
    label: text(row[label ?? '']) ?? '',
    tags: Array.isArray(row.tags) ? (row.tags as readonly string[]) : NONE,
    team: typeof row.team_id === 'string' ? [row.team_id, ...(slug === undefined ? [] : [slug])] : NONE,
    owner: text(row.owner_email),
    visibility: text(row.visibility),
    active: active === null || row[active] === true,
    needs: [
      ...(gateway === null ? [] : [keyOf({ table: 'gateways', id: gateway })]),
      ...(table === 'servers' ? (offered.get(`${id}`) ?? []) : []),
    ],
  };
}

/** One for all rows: they are many. */
const NONE: readonly string[] = [];

/** Keys of what every server offers, by its id. */
async function readOffers({ db, schema }: Source): Promise<ReadonlyMap<string, readonly string[]>> {
  const offered = new Map<string, string[]>();
  for (const { table, column, to } of ASSOCIATIONS.filter((each) => schema.has(each.table))) {
    const rows = await db.query<{ server: string; id: Id }>(
      sql`SELECT server_id AS server, ${sql.ref(column)} AS id FROM ${sql.table(table)}`,
    );
    for (const { server, id } of rows) {
      const keys = offered.get(server) ?? [];
      keys.push(keyOf({ table: to, id }));
      offered.set(server, keys);
    }
  }
  return offered;
}

/** A field of the rows that are read. */
export interface Field {
  readonly name: string;
  /** Null for what is no column: it is null in every row. */
  readonly column: ValueColumn | null;
}

/** Columns as fields, in the order of the alphabet, which the document has. */
export const fieldsOf = (columns: readonly ValueColumn[]): Field[] =>
  columns.map((column) => ({ name: column.name, column })).sort((a, b) => (a.name < b.name ? -1 : 1));

/** Rows that are read at once: few, where one may be of megabytes. */
const AT_ONCE: Readonly<Record<string, number>> = { resources: 16 };
const AT_ONCE_OTHERWISE = 256;

/** Rows with these values in the key, in their order, many at a time; who is not there is left out. */
export async function* readRows(
  db: Connection,
  table: string,
  fields: readonly Field[],
  ids: readonly Id[],
  key = 'id',
): AsyncGenerator<Record<string, Value>[]> {
  const { values } = db.dialect;
  const columns = fields.flatMap(({ column }) => column ?? []);
  const makers = fields.map(({ name, column }) => {
    const place = column === null ? -1 : columns.indexOf(column);
    return { name, place, make: column === null ? () => null : values.reader(column) };
  });
  const apart = sql.join(columns.map((each, i) => sql`${sql.raw(values.read(each))} AS ${sql.ref(`c${i}`)}`));
  const together = values.together === null ? null : sql`${sql.raw(values.together(columns))} AS whole`;
  const size = AT_ONCE[table] ?? AT_ONCE_OTHERWISE;
  for (let start = 0; start < ids.length; start += size) {
    const some = ids.slice(start, start + size);
    const read = (selected: RawBuilder<unknown>) =>
      db.query<Record<string, unknown>>(
        sql`SELECT ${sql.ref(key)} AS id, ${selected} FROM ${sql.table(table)} WHERE ${sql.ref(key)} IN (${sql.join(some)})`,
      );
    const found = await read(together ?? apart).catch((error: unknown) =>
      read(apart).catch(() => {
        throw error;
      }),
    );
    const byId = new Map(found.map((row) => [row.id, row]));
    yield some.flatMap((id) => {
      const row = byId.get(id);
      if (row === undefined) return [];
      const list =
        typeof row.whole === 'string'
          ? (JSON.parse(row.whole) as unknown[])
          : columns.map((_, i) => row[`c${i}`]);
      const made: Record<string, Value> = {};
      for (const { name, place, make } of makers) made[name] = make(list[place]);
      return [made];
    });
  }
}

export interface Offer {
  readonly server: Id;
  readonly id: Id;
  /** Null where there is no such row. */
  readonly name: string | null;
}

/** What these servers offer of one kind, in the order of names. */
export async function readAssociations(
  db: Connection,
  { table, column, to }: Association,
  servers: readonly Id[],
): Promise<readonly Offer[]> {
  const { label } = entityType(to);
  const offers = await db.query<Offer>(sql`
    SELECT a.server_id AS server, a.${sql.ref(column)} AS id, t.${sql.ref(label ?? 'id')} AS name
    FROM ${sql.table(table)} a LEFT JOIN ${sql.table(to)} t ON t.id = a.${sql.ref(column)}
    WHERE a.server_id IN (${sql.join(servers)})`);
  return offers.toSorted((a, b) =>
    inOrder({ id: a.id, label: a.name ?? '' }, { id: b.id, label: b.name ?? '' }),
  );
}
