import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';
import { insertRows, written } from '../../database/rows.ts';
import type { Statement } from '../../database/statement.ts';
import type { Value } from '../../database/value.ts';
import type { Reference, Row } from '../document.ts';
import { ASSOCIATIONS, type EntityTable, entityType } from '../entities.ts';
import { type Id, type Offer, readAssociations } from '../read-rows.ts';
import { absence, grouped } from './here.ts';
import type { Action } from './plan-rows.ts';
import type { Problems } from './problems.ts';
import type { Source } from './read-source.ts';

export interface Links {
  readonly statements: readonly Statement[];
  /** What changes of what a server offers, by its id. */
  readonly changed: ReadonlyMap<Value, string>;
  /** Of the gateway's document: what cannot be linked yet. */
  readonly notes: readonly (readonly [name: string, note: string])[];
}

export interface LinksToPlan {
  readonly db: Connection;
  /** What an id of the file is here. */
  readonly ids: ReadonlyMap<string, ReadonlyMap<Value, Value>>;
  readonly here: ReadonlyMap<string, readonly Row[]>;
  readonly actions: ReadonlyMap<string, readonly Action[]>;
  readonly whole: Source['whole'];
  /** The file is the gateway's: the tools that its gateways brought are not in it. */
  readonly isLoose: boolean;
  readonly mode: 'merge' | 'replace';
  readonly wrong: Problems;
}

const AT_ONCE = 1_000;
const LATER =
  'is not in the file and not here: import again with --mode replace once its gateway has brought it';

/**
 * What the servers of the file offer: all of it for new ones; for those that are here only when they are made equal
 * to the file.
 */
export async function planLinks(options: LinksToPlan): Promise<Links> {
  const { db, mode, isLoose, wrong, actions, whole, here } = options;
  const statements: Statement[] = [];
  const notes: [string, string][] = [];
  const counts = new Map<Value, [more: number, less: number]>();
  const countOf = (id: Value) => counts.get(id) ?? counts.set(id, [0, 0]).get(id) ?? [0, 0];
  for (const association of ASSOCIATIONS) {
    const { table, column, to } = association;
    const { word, counted, label } = entityType(to);
    const servers = (actions.get('servers') ?? []).filter(
      ({ what, given }) => given[to] !== undefined && (mode === 'replace' || what === 'create'),
    );
    if (servers.length === 0) continue;
    const find = finder(to, options);
    const old = servers.flatMap(({ what, id }) => (what === 'create' ? [] : [id as Id]));
    const there: Offer[] = [];
    for (let i = 0; i < old.length; i += AT_ONCE)
      there.push(...(await readAssociations(db, association, old.slice(i, i + AT_ONCE))));
    const pairs = new Map(there.map(({ server, id }) => [`${server} ${id}`, [server, id] as const]));
    const made: Row[] = [];
    for (const { id: server, name, path, given } of servers) {
      const wanted = new Set<Value>();
      for (const [i, reference] of (given[to] as unknown as Reference[]).entries()) {
        const [found, ...others] = find(reference);
        const [called, other] = [`${path}.${to}[${i}] (${name})`, `${word} “${reference.name}”`];
        if (found === undefined && isLoose) notes.push([name, `${other} ${LATER}`]);
        else if (found === undefined) {
          const is = (row: Row) =>
            (!counted && row.id === reference.id) || row[label ?? 'id'] === reference.name;
          wrong.add(called, `${other} ${absence(is, whole?.[to], here.get(to))}`);
        } else if (others.length > 0)
          wrong.add(called, `${other} can be any of ${[found, ...others].join(', ')}`);
        else wanted.add(found);
      }
      for (const id of wanted) {
        if (pairs.delete(`${server} ${id}`)) continue;
        made.push({ server_id: server, [column]: id });
        countOf(server)[0]++;
      }
    }
    for (const [server, id] of pairs.values()) {
      countOf(server)[1]++;
      const where = sql`server_id = ${server} AND ${sql.ref(column)} = ${id}`;
      statements.push(written(db, table, sql`DELETE FROM ${sql.table(table)} WHERE ${where}`));
    }
    statements.push(...insertRows(db, table, made));
  }
  const told = [...counts].map(([id, [more, less]]) => [id, `links: ${more} more, ${less} less`] as const);
  return { statements, changed: new Map(told), notes };
}

/** By the id that it has in the file, else by its name there, else as it is here (CONFIGURATION F3). */
function finder(to: EntityTable, { ids, here, actions, isLoose }: LinksToPlan) {
  const { label, counted } = entityType(to);
  const done = actions.get(to) ?? [];
  const gone = new Set(done.flatMap(({ what, id }) => (what === 'delete' ? [id] : [])));
  const stay = (here.get(to) ?? []).filter(({ id = null }) => !gone.has(id));
  const known = new Map(stay.map((row) => [row.id ?? null, row]));
  const ofFile = done
    .filter(({ what }) => what !== 'delete')
    .map(({ what, id, row }) => (what === 'create' ? row : { ...known.get(id), ...row }));
  const names = to === 'tools' ? ['name', 'original_name'] : [label ?? 'id'];
  const byName = [ofFile, stay].flatMap((rows) =>
    names.map((name) => grouped(rows, (row) => String(row[name]))),
  );
  return ({ id, name }: Reference): readonly Value[] => {
    const mapped = ids.get(to)?.get(id);
    if (mapped !== undefined) return [mapped];
    // A number means another row in every database.
    const isHere = !counted && known.has(id);
    if (isHere && !isLoose) return [id];
    const named = byName.map((rows) => rows.get(name) ?? []).find((rows) => rows.length > 0);
    return named?.map((row) => row.id ?? null) ?? (isHere ? [id] : []);
  };
}
