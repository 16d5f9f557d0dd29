import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';
import { insertRows, written } from '../../database/rows.ts';
import type { Statement } from '../../database/statement.ts';
import type { Value } from '../../database/value.ts';
import type { Schema } from '../../schema/model.ts';
import type { Entity, Reference, Row } from '../document.ts';
import { ASSOCIATIONS, type Association, type EntityTable, entityType } from '../entities.ts';
import { columnsHere, readRows } from './here.ts';
import type { Action } from './plan-rows.ts';
import type { Problems } from './problems.ts';

/** What can be referred to once the import is done. */
export interface Known {
  /** What an id of the file is here. */
  readonly ids: ReadonlyMap<EntityTable, ReadonlyMap<Value, Value>>;
  /** Rows that are here. */
  readonly here: ReadonlyMap<EntityTable, readonly Row[]>;
  /** What becomes of the rows of the file. */
  readonly actions: ReadonlyMap<EntityTable, readonly Action[]>;
}

export interface Links {
  readonly statements: readonly Statement[];
  /** How many are made and taken away, by server. */
  readonly changed: ReadonlyMap<Value, string>;
  /** Of the gateway's document: what cannot be linked yet. */
  readonly notes: readonly (readonly [name: string, note: string])[];
}

export interface LinksToPlan {
  readonly db: Connection;
  readonly schema: Schema;
  readonly known: Known;
  /** The file is the gateway's: the tools that its gateways brought are not in it. */
  readonly isLoose: boolean;
  readonly mode: 'merge' | 'replace';
  readonly wrong: Problems;
}

/**
 * What the servers of the file offer: all of it for new ones; for those that are here only when they are made equal
 * to the file.
 */
export async function planLinks(
  servers: readonly { readonly entity: Entity; readonly action: Action }[],
  options: LinksToPlan,
): Promise<Links> {
  const { db, schema, mode, known, isLoose, wrong } = options;
  const statements: Statement[] = [];
  const notes: [string, string][] = [];
  const counts = new Map<Value, [made: number, gone: number]>();
  for (const association of ASSOCIATIONS) {
    const { table, column, to } = association;
    const find = finder(association, known, isLoose);
    const linked = servers.filter(
      ({ entity, action }) => entity[to] !== undefined && (mode === 'replace' || action.what === 'create'),
    );
    const there = await linksHere(
      db,
      schema,
      association,
      linked.map(({ action }) => action),
    );
    const made: Row[] = [];
    const gone: (readonly [Value, Value])[] = [];
    for (const { entity, action } of linked) {
      const wanted = new Set<Value>();
      for (const [i, reference] of (entity[to] as unknown as Reference[]).entries()) {
        const found = find(reference);
        if (found.length === 1) wanted.add(found[0] as Value);
        else if (found.length > 1)
          wrong.add(
            `${action.path}.${to}[${i}] (${action.name})`,
            `“${reference.name}” can be any of ${found.length}: ${found.join(', ')}`,
          );
        else if (isLoose)
          notes.push([
            action.name,
            `${entityType(to).word} “${reference.name}” is not in the file and not here: import again with --mode replace once its gateway has brought it`,
          ]);
        else
          wrong.add(
            `${action.path}.${to}[${i}] (${action.name})`,
            `${entityType(to).word} “${reference.name}” is neither in the file nor here`,
          );
      }
      const has = there.get(action.id) ?? new Set();
      const count: [number, number] = counts.get(action.id) ?? [0, 0];
      for (const id of wanted)
        if (!has.has(id)) count[0] += made.push({ server_id: action.id, [column]: id }) && 1;
      for (const id of has) if (!wanted.has(id)) count[1] += gone.push([action.id, id]) && 1;
      if (count[0] + count[1] > 0) counts.set(action.id, count);
    }
    statements.push(...deleteLinks(db, association, gone), ...insertRows(db, table, made));
  }
  const changed = new Map([...counts].map(([id, [made, gone]]) => [id, `links: ${made} more, ${gone} less`]));
  return { statements, changed, notes };
}

async function linksHere(
  db: Connection,
  schema: Schema,
  { table, column }: Association,
  actions: readonly Action[],
): Promise<ReadonlyMap<Value, Set<Value>>> {
  const links = new Map<Value, Set<Value>>();
  const ids = actions.flatMap(({ what, id }) => (what === 'create' ? [] : [id]));
  for (const row of await readRows(db, table, columnsHere(schema, table), ['server_id', ids])) {
    const { server_id = null } = row;
    links.set(server_id, (links.get(server_id) ?? new Set()).add(row[column] ?? null));
  }
  return links;
}

/** By the id that it has in the file, else by its name, else as it is here (CONFIGURATION F3). */
function finder({ to }: Association, { ids, here, actions }: Known, isLoose: boolean) {
  const label = entityType(to).label ?? 'id';
  const names = to === 'tools' ? ['name', 'original_name'] : [label];
  const inFile = (actions.get(to) ?? []).filter(({ what }) => what !== 'delete');
  const gone = new Set((actions.get(to) ?? []).flatMap(({ what, id }) => (what === 'delete' ? [id] : [])));
  const rowsHere = new Map(
    (here.get(to) ?? []).filter(({ id = null }) => !gone.has(id)).map((row) => [row.id ?? null, row]),
  );
  const ofFile = inFile.map(({ id, row }) => ({ ...rowsHere.get(id), ...row, id }));
  const byName = [ofFile, [...rowsHere.values()]].flatMap((rows) => names.map((name) => grouped(rows, name)));
  return ({ id, name }: Reference): readonly Value[] => {
    const mapped = isLoose ? undefined : ids.get(to)?.get(id);
    if (mapped !== undefined) return [mapped];
    if (!entityType(to).counted && !isLoose && rowsHere.has(id)) return [id];
    const found = byName.map((map) => map.get(name) ?? []).find((some) => some.length > 0);
    return found ?? (rowsHere.has(id) && !entityType(to).counted ? [id] : []);
  };
}

function grouped(rows: readonly Row[], name: string): ReadonlyMap<Value, Value[]> {
  const map = new Map<Value, Value[]>();
  for (const row of rows) {
    const value = row[name] ?? null;
    const same = map.get(value);
    if (same === undefined) map.set(value, [row.id ?? null]);
    else same.push(row.id ?? null);
  }
  return map;
}

const MOST_PAIRS = 1_000;

function deleteLinks(
  db: Connection,
  { table, column }: Association,
  pairs: readonly (readonly [Value, Value])[],
): Statement[] {
  const byServer = new Map<Value, Value[]>();
  for (const [server, id] of pairs) byServer.set(server, [...(byServer.get(server) ?? []), id]);
  return [...byServer].flatMap(([server, ids]) =>
    Array.from({ length: Math.ceil(ids.length / MOST_PAIRS) }, (_, i) =>
      written(
        db,
        table,
        sql`DELETE FROM ${sql.table(table)} WHERE server_id = ${server}
            AND ${sql.ref(column)} IN (${sql.join(ids.slice(i * MOST_PAIRS, (i + 1) * MOST_PAIRS))})`,
      ),
    ),
  );
}
