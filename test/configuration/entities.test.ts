import { expect, it } from 'vitest';
import {
  ASSOCIATIONS,
  ENTITY_TYPES,
  type EntityTable,
  entityType,
} from '../../src/configuration/entities.ts';
import { releaseSchema } from '../../src/migrate/release-schema.ts';
import { OWNED_TABLES } from '../../src/schema/gateway-tables.ts';
import { columnOf } from '../../src/schema/model.ts';

const v070 = releaseSchema('0.7.0');

it.each(ENTITY_TYPES)('what is known of $table is about columns that it has', (type) => {
  const table = v070.get(type.table);
  const named = [
    type.label,
    type.active,
    ...type.statistics,
    ...Object.keys(type.secrets),
    ...type.naturalKeys.flatMap(({ columns }) => columns),
    ...(type.owned ? ['team_id', 'owner_email', 'visibility'] : []),
  ];
  expect(named.filter((name) => name !== null && columnOf(table, name) === undefined)).toEqual([]);
  expect(columnOf(table, 'id')?.autoincrement).toBe(type.counted);
  expect(entityType(type.table)).toBe(type);
});

it('every table with an owner is an entity type', () => {
  const owned = ENTITY_TYPES.filter((type) => type.owned).map(({ table }) => table);
  expect(owned.toSorted()).toEqual(OWNED_TABLES.map(({ name }) => name).toSorted());
});

it('nothing points at what comes later', () => {
  const tables: string[] = ENTITY_TYPES.map(({ table }) => table);
  const pointing = ENTITY_TYPES.flatMap(({ table }) =>
    (v070.get(table)?.foreignKeys ?? [])
      .filter((key) => tables.indexOf(key.table) > tables.indexOf(table))
      .map((key) => `${table} → ${key.table}`),
  );
  expect(pointing).toEqual([]);
});

it('associations lead from servers to what they are named after', () => {
  const leads = ASSOCIATIONS.map(({ table, column, to }) => {
    const keys = v070.get(table)?.foreignKeys ?? [];
    const found = (name: string) => keys.find((key) => key.column === name)?.table as EntityTable;
    return [found('server_id'), found(column), to];
  });
  expect(leads).toEqual(ASSOCIATIONS.map(({ to }) => ['servers', to, to]));
});
