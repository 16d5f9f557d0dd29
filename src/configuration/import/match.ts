import type { Value } from '../../database/value.ts';
import type { Entity, Row } from '../document.ts';
import type { EntityType, NaturalKey } from '../entities.ts';
import type { Problems } from './problems.ts';

/** A row of the file as it will be here, and the one here that it is. */
export interface Match {
  readonly entity: Entity;
  /** By column, for what tells it apart: with the gateway, team and owner that it has here. */
  readonly row: Row;
  /** Where it is in the file. */
  readonly path: string;
  /** Null for one that is not here yet. */
  readonly here: Row | null;
}

export interface MatchOptions {
  /** The file knows no owners: a name that only one row has here means that one, whoever owns it. */
  readonly ownerless: boolean;
}

const textOf = (values: readonly (Value | undefined)[]) => JSON.stringify(values);

/** Rows here by what tells them apart, built when it is first asked for. */
class Index {
  private readonly maps = new Map<string, Map<string, Row[]>>();
  private readonly rows: readonly Row[];

  constructor(rows: readonly Row[]) {
    this.rows = rows;
  }

  find(columns: readonly string[], row: Row): readonly Row[] {
    const name = columns.join();
    let map = this.maps.get(name);
    if (map === undefined) {
      map = new Map();
      for (const each of this.rows) {
        const key = textOf(columns.map((column) => each[column]));
        const same = map.get(key);
        if (same === undefined) map.set(key, [each]);
        else same.push(each);
      }
      this.maps.set(name, map);
    }
    return map.get(textOf(columns.map((column) => row[column]))) ?? [];
  }
}

/**
 * Finds which rows here those of the file are: by id, else by what else tells them apart (CONFIGURATION F7). Numbers
 * that a database counts up are given anew in every one: there the id means the same row only where it was also
 * created at the same time.
 */
export function matchRows(
  type: EntityType,
  rows: readonly Omit<Match, 'here'>[],
  here: readonly Row[],
  { ownerless }: MatchOptions,
  wrong: Problems,
): Match[] {
  const index = new Index(here);
  const taken = new Map<Row, string>();
  return rows.map((each) => {
    const { row, path } = each;
    const byId = row.id === undefined ? undefined : index.find(['id'], row)[0];
    const found = byId !== undefined && !type.counted ? [byId] : byKeys(type, row, index, ownerless, byId);
    const [only = null] = found;
    if (found.length > 1) {
      const ids = found.map(({ id }) => id).join(', ');
      wrong.add(
        `${path} (${nameOf(type, row)})`,
        `it can be any of ${found.length} rows that are here: ${ids}`,
      );
    }
    const other = only === null ? undefined : taken.get(only);
    if (only !== null && other !== undefined)
      wrong.add(`${path} (${nameOf(type, row)})`, `it is the same row here as ${other}: ${only.id}`);
    else if (only !== null) taken.set(only, path);
    return { ...each, here: only };
  });
}

function byKeys(
  type: EntityType,
  row: Row,
  index: Index,
  ownerless: boolean,
  byId: Row | undefined,
): readonly Row[] {
  for (const columns of keysOf(type, row, ownerless)) {
    const found = index.find(columns, row);
    if (found.length > 0) return found;
  }
  if (byId === undefined) return [];
  // The settings of all have no name: there the number is all there is.
  const isSame = type.label === null || secondOf(byId.created_at) === secondOf(row.created_at);
  return isSame ? [byId] : [];
}

function keysOf({ naturalKeys, table }: EntityType, row: Row, ownerless: boolean): (readonly string[])[] {
  const ofGateway = (row.gateway_id ?? null) !== null;
  const isFor = (key: NaturalKey) => (key.ofGateway ?? false) === ofGateway;
  const first = naturalKeys
    .filter((key) => naturalKeys.length === 1 || isFor(key))
    .map(({ columns }) => columns);
  if (!ownerless || ofGateway) return first;
  const anybodys = first.map((columns) =>
    columns.filter((name) => name !== 'team_id' && name !== 'owner_email'),
  );
  return [...first, ...anybodys, ...(table === 'tools' ? [['original_name', 'gateway_id']] : [])];
}

const secondOf = (time: Value | undefined) => String(time ?? '').slice(0, 19);

/** What people call a row. */
export function nameOf({ word, label }: Pick<EntityType, 'word' | 'label'>, row: Row): string {
  return `${word} ${(label === null ? null : row[label]) ?? row.id ?? ''}`;
}
