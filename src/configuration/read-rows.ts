import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { ValueColumn } from '../database/row-values.ts';
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
export interface Key {
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
  const ids = (await readKeys(source.db, 'email_teams', 'id', null)).map(({ id }) => id);
  for await (const rows of readRows(source.db, 'email_teams', columns, ids)) {
    for (const { id, slug, is_personal, created_by } of rows) {
      const owner = is_personal === true ? { owner: String(created_by) } : {};
      teams.set(String(id), { ...owner, slug: String(slug) });
    }
  }
  return teams;
}

/** Ids of the rows of a table, in the order of their labels, then of themselves, both by code points. */
export async function readKeys(
  db: Connection,
  table: string,
  key: string,
  label: string | null,
): Promise<readonly Key[]> {
  const name = label === null ? sql`''` : sql`coalesce(${sql.ref(label)}, '')`;
  const rows = await db.query<Key>(
    sql`SELECT ${sql.ref(key)} AS id, ${name} AS label FROM ${sql.table(table)}`,
  );
  return rows.sort(inOrder);
}

/** Compares by label, then by id. */
export function inOrder(a: Key, b: Key): number {
  if (a.label !== b.label) return byCodePoints(a.label, b.label);
  return typeof a.id === 'number' && typeof b.id === 'number'
    ? a.id - b.id
    : byCodePoints(`${a.id}`, `${b.id}`);
}

const isSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xe000;

/** As UTF-8 is compared: JavaScript compares halves of the characters beyond U+FFFF. */
function byCodePoints(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const [one, other] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (one === other) continue;
    if (isSurrogate(one) === isSurrogate(other)) return one - other;
    return isSurrogate(one) ? 1 : -1;
  }
  return a.length - b.length;
}

/** Every row as a selection wants to know it. */
export async function readCandidates(
  source: Source,
  types: readonly EntityType[],
): Promise<readonly Candidate[]> {
  const offered = await readOffers(source);
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
    const ids = (await readKeys(source.db, type.table, 'id', null)).map(({ id }) => id);
    for await (const rows of readRows(source.db, type.table, columns, ids)) {
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
  const team = text(row.team_id);
  const gateway = text(row.gateway_id);
  return {
    table,
    id,
    label: text(row[label ?? '']) ?? '',
    tags: Array.isArray(row.tags) ? row.tags.map(String) : [],
    team: team === null ? [] : [team, ...(teams.has(team) ? [`${teams.get(team)?.slug}`] : [])],
    owner: text(row.owner_email),
    visibility: text(row.visibility),
    active: active === null || row[active] === true,
    needs: [
      ...(gateway === null ? [] : [keyOf({ table: 'gateways', id: gateway })]),
      ...(table === 'servers' ? (offered.get(`${id}`) ?? []) : []),
    ],
  };
}

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

/** Rows that are read at once: few, where one may be of megabytes. */
const AT_ONCE: Readonly<Record<string, number>> = { resources: 16, servers: 64 };
const AT_ONCE_OTHERWISE = 256;

/** Rows with these values in the first of the columns, in their order, many at a time; who is not there is left out. */
export async function* readRows(
  db: Connection,
  table: string,
  columns: readonly ValueColumn[],
  ids: readonly Id[],
): AsyncGenerator<Row[]> {
  const { values } = db.dialect;
  const size = AT_ONCE[table] ?? AT_ONCE_OTHERWISE;
  const key = columns[0]?.name ?? 'id';
  const selected = sql.join(
    columns.map((each) => sql`${sql.raw(values.read(each))} AS ${sql.ref(each.name)}`),
  );
  for (let from = 0; from < ids.length; from += size) {
    const some = ids.slice(from, from + size);
    const rows = await db.query<Record<string, unknown>>(
      sql`SELECT ${selected} FROM ${sql.table(table)} WHERE ${sql.ref(key)} IN (${sql.join(some)})`,
    );
    const byId = new Map(rows.map((row) => [row[key], row]));
    yield some.flatMap((id) => {
      const row = byId.get(id);
      if (row === undefined) return [];
      return [Object.fromEntries(columns.map((each) => [each.name, values.fromRow(each, row[each.name])]))];
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
