import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';
import { written } from '../../database/rows.ts';
import type { Statement } from '../../database/statement.ts';
import { releaseSchema } from '../../migrate/release-schema.ts';
import type { Schema } from '../../schema/model.ts';
import type { Row } from '../document.ts';
import type { Match } from './match.ts';
import type { Action } from './plan-rows.ts';
import type { Problems } from './problems.ts';
import { IMPORT_TYPES, type ImportType, nameOf } from './types.ts';

const MOST_IDS = 1_000;

/** The rows of a type that are here and that the file lacks. */
export function lacking(type: ImportType, matches: readonly Match[], here: readonly Row[]): Action[] {
  const kept = new Set(matches.map((match) => match.here));
  return here
    .filter((row) => !kept.has(row))
    .map((before) => ({
      ...{ type, before, what: 'delete', path: '--prune', given: {}, row: {} },
      ...{ id: before.id ?? null, name: nameOf(type, before) },
    }));
}

type Actions = ReadonlyMap<string, readonly Action[]>;

const idsGone = (actions: Actions, table: string) =>
  (actions.get(table) ?? []).flatMap(({ what, id }) => (what === 'delete' ? [id] : []));

/** What a gateway brought goes with it, or first is given to another. */
export function refuseLeftAlone(
  actions: Actions,
  here: ReadonlyMap<string, readonly Row[]>,
  wrong: Problems,
): void {
  const gateways = new Set(idsGone(actions, 'gateways'));
  for (const type of gateways.size === 0 ? [] : IMPORT_TYPES) {
    const changed = new Map((actions.get(type.table) ?? []).map((action) => [action.id, action]));
    for (const row of here.get(type.table) ?? []) {
      const action = changed.get(row.id ?? null);
      const { gateway_id = null } = { ...row, ...action?.row };
      if (action?.what !== 'delete' && gateways.has(gateway_id))
        wrong.add('--prune', `${nameOf(type, row)} stays, and its gateway would be deleted: ${gateway_id}`);
    }
  }
}

/**
 * Deletes rows with all that points at them: measurements, links, subscriptions, tokens. What is no longer there cannot
 * be used, and databases that do not look after their references would keep it.
 */
export function deleteRows(db: Connection, schema: Schema, actions: Actions): Statement[] {
  const types = new Set(IMPORT_TYPES.map(({ table }) => table));
  const others = [...releaseSchema('0.7.0').values()].filter(
    ({ name }) => schema.has(name) && !types.has(name),
  );
  return IMPORT_TYPES.toReversed().flatMap(({ table }) => {
    const ids = idsGone(actions, table);
    const pointing = others.flatMap(({ name, foreignKeys }) =>
      foreignKeys.filter((key) => key.table === table).map(({ column }) => [name, column] as const),
    );
    return [...pointing, [table, 'id'] as const].flatMap(([name, column]) =>
      Array.from({ length: Math.ceil(ids.length / MOST_IDS) }, (_, i) => {
        const some = sql.join(ids.slice(i * MOST_IDS, (i + 1) * MOST_IDS));
        return written(db, name, sql`DELETE FROM ${sql.table(name)} WHERE ${sql.ref(column)} IN (${some})`);
      }),
    );
  });
}
