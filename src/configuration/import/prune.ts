import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';
import { written } from '../../database/rows.ts';
import type { Statement } from '../../database/statement.ts';
import type { Value } from '../../database/value.ts';
import { releaseSchema } from '../../migrate/release-schema.ts';
import type { Schema } from '../../schema/model.ts';
import type { Row } from '../document.ts';
import { ENTITY_TYPES, type EntityTable, type EntityType } from '../entities.ts';
import { type Match, nameOf } from './match.ts';
import type { Action } from './plan-rows.ts';
import type { Problems } from './problems.ts';

const MOST_IDS = 1_000;

/** The rows of a type that are here and that the file lacks. */
export function lacking(type: EntityType, matches: readonly Match[], here: readonly Row[]): Action[] {
  const kept = new Set(matches.map((match) => match.here));
  return here
    .filter((row) => !kept.has(row))
    .map((row) => ({
      type,
      what: 'delete',
      id: row.id ?? null,
      name: nameOf(type, row),
      row: {},
      before: row,
      path: '--prune',
    }));
}

/** What a gateway brought goes with it, or first is given to another. */
export function refuseLeftAlone(
  actions: ReadonlyMap<EntityTable, readonly Action[]>,
  here: ReadonlyMap<EntityTable, readonly Row[]>,
  wrong: Problems,
): void {
  const goes = (table: EntityTable) =>
    new Set((actions.get(table) ?? []).flatMap(({ what, id }) => (what === 'delete' ? [id] : [])));
  const gateways = goes('gateways');
  if (gateways.size === 0) return;
  for (const type of ENTITY_TYPES) {
    const gone = goes(type.table);
    const changed = new Map((actions.get(type.table) ?? []).map(({ id, row }) => [id, row]));
    for (const row of here.get(type.table) ?? []) {
      const { gateway_id = null } = { ...row, ...changed.get(row.id ?? null) };
      if (!gone.has(row.id ?? null) && gateways.has(gateway_id))
        wrong.add(
          '--prune',
          `${nameOf(type, row)} (${row.id}) stays, and its gateway would be deleted: ${gateway_id}`,
        );
    }
  }
}

/**
 * Deletes rows with all that points at them: measurements, links, subscriptions, tokens. What is no longer there cannot
 * be used, and databases that do not look after their references would keep it.
 */
export function deleteRows(
  db: Connection,
  schema: Schema,
  actions: ReadonlyMap<EntityTable, readonly Action[]>,
): Statement[] {
  const entities = new Set<string>(ENTITY_TYPES.map(({ table }) => table));
  return ENTITY_TYPES.toReversed().flatMap(({ table }) => {
    const ids = (actions.get(table) ?? []).flatMap(({ what, id }) => (what === 'delete' ? [id] : []));
    const pointing = [...releaseSchema('0.7.0').values()].flatMap(({ name, foreignKeys }) =>
      entities.has(name) || !schema.has(name)
        ? []
        : foreignKeys.filter((key) => key.table === table).map(({ column }) => [name, column] as const),
    );
    return [...pointing, [table, 'id'] as const].flatMap(([name, column]) =>
      deleteWhere(db, name, column, ids),
    );
  });
}

function deleteWhere(db: Connection, table: string, column: string, ids: readonly Value[]): Statement[] {
  return Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, i) => {
    const some = sql.join(ids.slice(i * MOST_IDS, (i + 1) * MOST_IDS));
    return written(db, table, sql`DELETE FROM ${sql.table(table)} WHERE ${sql.ref(column)} IN (${some})`);
  });
}
