import type { Value } from '../../database/value.ts';
import type { Entity, Row } from '../document.ts';
import type { EntityType } from '../entities.ts';
import { grouped, remembered } from './here.ts';
import type { Problems } from './problems.ts';

/** A row of the file as it will be here, and the one here that it is. */
export interface Match {
  readonly entity: Entity;
  /** By column, with the gateway, team and owner that it has here. */
  readonly row: Row;
  /** Where it is in the file. */
  readonly path: string;
  /** Null for one that is not here yet. */
  readonly here: Row | null;
}

/** What people call a row. */
export function nameOf({ word, label }: Pick<EntityType, 'word' | 'label'>, row: Row): string {
  return `${word} ${(label === null ? null : row[label]) ?? row.id ?? ''}`;
}

/**
 * Finds which rows here those of the file are: by id, else by what else tells them apart (CONFIGURATION F7). Numbers
 * that a database counts up are given anew in every one: there the id means the same row only where that was also
 * made at the same time.
 *
 * @param ownerless the file knows no owners: a name that only one row has here means that one, whoever owns it
 */
export function matchRows(
  type: EntityType,
  rows: readonly Omit<Match, 'here'>[],
  here: readonly Row[],
  ownerless: boolean,
  wrong: Problems,
): Match[] {
  const by = remembered((columns) => grouped(here, (row) => keyOf(row, columns.split(','))));
  const find = (row: Row, columns: readonly string[]) => by(columns.join()).get(keyOf(row, columns)) ?? [];
  const taken = new Map<Row, string>();
  return rows.map((each) => {
    const { row, path } = each;
    const [byId] = row.id === undefined ? [] : find(row, ['id']);
    const isSame = byId !== undefined && (!type.counted || type.label === null || isOfOneTime(byId, row));
    const natural = () =>
      keysOf(type, row, ownerless)
        .map((columns) => find(row, columns))
        .find((found) => found.length > 0) ?? (isSame ? [byId] : []);
    const found = isSame && !type.counted ? [byId] : natural();
    const [only = null] = found;
    const called = `${path} (${nameOf(type, row)})`;
    if (found.length > 1) {
      const ids = found.map(({ id }) => id).join(', ');
      wrong.add(called, `it can be any of ${found.length} rows that are here: ${ids}`);
    } else if (only !== null && taken.has(only)) {
      wrong.add(called, `it is the same row here as ${taken.get(only)}: ${only.id}`);
    }
    if (only !== null) taken.set(only, path);
    return { ...each, here: only };
  });
}

const keyOf = (row: Row, columns: readonly string[]) =>
  JSON.stringify(columns.map((column) => row[column] ?? null));

/** MySQL keeps no fractions of a second. */
const isOfOneTime = (a: Row, b: Row) => secondOf(a.created_at) === secondOf(b.created_at);
const secondOf = (time: Value | undefined) => String(time ?? '').slice(0, 19);

/** The columns to go by, the best first. */
function keysOf({ naturalKeys, table }: EntityType, row: Row, ownerless: boolean): (readonly string[])[] {
  const ofGateway = (row.gateway_id ?? null) !== null;
  const keys = naturalKeys
    .filter((key) => naturalKeys.length === 1 || (key.ofGateway ?? false) === ofGateway)
    .map(({ columns }) => columns);
  if (!ownerless || ofGateway) return keys;
  const anybodys = keys.map((columns) =>
    columns.filter((name) => name !== 'team_id' && name !== 'owner_email'),
  );
  return [...keys, ...anybodys, ...(table === 'tools' ? [['original_name', 'gateway_id']] : [])];
}
