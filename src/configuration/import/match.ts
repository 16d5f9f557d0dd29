import type { Value } from '../../database/value.ts';
import type { Row } from '../document.ts';
import { grouped, remembered } from './here.ts';
import type { Problems } from './problems.ts';
import { type ImportType, nameOf } from './types.ts';

/** A row of the file, and the one here that it is. */
export interface Match {
  /** As it is in the file. */
  readonly given: Row;
  /** As it will be here: with the gateway, team and owner that it has here. */
  readonly row: Row;
  readonly path: string;
  /** Null for one that is not here yet. */
  readonly here: Row | null;
}

/**
 * Finds which rows here those of the file are: by key, else by what else tells them apart. Numbers that a database
 * counts up are given anew in every one: there the id means the same row only where that was also made at the same
 * time.
 *
 * @param ownerless the file knows no owners: a name that only one row has here means that one, whoever owns it
 */
export function matchRows(
  type: ImportType,
  rows: readonly Omit<Match, 'here'>[],
  here: readonly Row[],
  ownerless: boolean,
  wrong: Problems,
): Match[] {
  const { key, counted, label } = type;
  const by = remembered((columns) => grouped(here, (row) => valuesOf(row, columns.split(','))));
  const find = (row: Row, columns: readonly string[]) => by(columns.join()).get(valuesOf(row, columns)) ?? [];
  const taken = new Map<Row, string>();
  return rows.map((each) => {
    const { row, path } = each;
    const byKey = find(row, [key]).filter((one) => !counted || label === null || isOfOneTime(one, row));
    const natural = () => keysOf(type, row, ownerless).map((columns) => find(row, columns));
    const isKnown = byKey.length > 0 && (!counted || label === null);
    const ways = isKnown ? [byKey] : [...natural(), byKey];
    const [only = null, ...others] = ways.find((found) => found.length > 0) ?? [];
    const called = `${path} (${nameOf(type, row)})`;
    if (only !== null && others.length > 0) {
      const ids = [only, ...others].map((one) => one[key]).join(', ');
      wrong.add(called, `it can be any of ${others.length + 1} rows that are here: ${ids}`);
    } else if (only !== null && taken.has(only))
      wrong.add(called, `it is the same row here as ${taken.get(only)}: ${only[key]}`);
    if (only !== null) taken.set(only, path);
    return { ...each, here: only };
  });
}

const valuesOf = (row: Row, columns: readonly string[]) =>
  columns.length === 1
    ? String(row[columns[0] ?? ''])
    : JSON.stringify(columns.map((column) => row[column] ?? null));

/** MySQL keeps no fractions of a second. */
const isOfOneTime = (a: Row, b: Row) => secondOf(a.created_at) === secondOf(b.created_at);
const secondOf = (time: Value | undefined) => String(time ?? '').slice(0, 19);

function keysOf(type: ImportType, row: Row, ownerless: boolean): (readonly string[])[] {
  const keys = [...type.keysOf(row)];
  if (!ownerless || !type.owned || (row.gateway_id ?? null) !== null) return keys;
  const anybodys = keys.map((columns) =>
    columns.filter((name) => name !== 'team_id' && name !== 'owner_email'),
  );
  return [...keys, ...anybodys, ...(type.table === 'tools' ? [['original_name', 'gateway_id']] : [])];
}
