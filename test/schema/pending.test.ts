import { describe, expect, test } from 'vitest';
import {
  datetime,
  index,
  integer,
  naiveDatetime,
  references,
  string,
  table,
  uniqueNamed,
} from '../../src/schema/define.ts';
import type { Table } from '../../src/schema/model.ts';
import { changesTowards, type Facts, missingIndexes, pendingChanges } from '../../src/schema/pending.ts';

const NO_NULLS: Facts = { nulls: () => 0, zonedTimes: true };

const pet: Table = table(
  'pet',
  { id: integer(), name: string(20), owner: string(20).null(), seen: naiveDatetime().null() },
  {
    primaryKey: ['id'],
    uniques: [uniqueNamed('uq_pet_name', 'name', 'owner')],
    indexes: [index('ix_pet_owner', 'owner')],
    foreignKeys: [references('owner', 'person.id')],
    checks: [{ name: 'ck_pet', expression: "name <> ''" }],
  },
);

describe('pendingChanges', () => {
  test('is null when every part is as wanted', () => {
    expect(
      pendingChanges(
        pet,
        {
          dropUniques: [['name']],
          dropForeignKeys: ['name'],
          dropChecks: ['ck_other'],
          dropIndexes: ['ix_other'],
          dropColumns: ['other'],
          addColumns: pet.columns.map((column) => ({ column })),
          fills: [{ column: 'owner', value: { kind: 'constant', value: 'x' } }],
          alterColumns: pet.columns,
          addUniques: pet.uniques,
          addIndexes: pet.indexes,
          addForeignKeys: pet.foreignKeys,
          addChecks: pet.checks,
        },
        NO_NULLS,
      ),
    ).toBeNull();
  });

  test.each([
    ['dropUniques', { dropUniques: [['owner', 'name']] }, [['owner', 'name']]],
    ['dropForeignKeys', { dropForeignKeys: ['owner'] }, ['owner']],
    ['dropChecks', { dropChecks: ['ck_pet'] }, ['ck_pet']],
    ['dropIndexes', { dropIndexes: ['ix_pet_owner'] }, ['ix_pet_owner']],
    ['dropColumns', { dropColumns: ['seen'] }, ['seen']],
    ['addUniques', { addUniques: [uniqueNamed('uq', 'owner')] }, [uniqueNamed('uq', 'owner')]],
    ['addIndexes', { addIndexes: [index('ix', 'name')] }, [index('ix', 'name')]],
    [
      'addForeignKeys',
      { addForeignKeys: [references('name', 'person.id')] },
      [references('name', 'person.id')],
    ],
  ] as const)('names what is left of %s', (part, wanted, left) => {
    const pending = pendingChanges(pet, wanted, NO_NULLS);
    expect(pending?.[part]).toEqual(left);
    const others = Object.entries(pending ?? {}).filter(([name, list]) => name !== part && list.length > 0);
    expect(others).toEqual([]);
  });

  test('a unique of the right columns under another name is replaced, since it is dropped by name later', () => {
    const pending = pendingChanges(pet, { addUniques: [uniqueNamed('uq_new', 'name', 'owner')] }, NO_NULLS);
    expect(pending?.dropUniques).toEqual([['name', 'owner']]);
    expect(pending?.addUniques?.map((u) => u.name)).toEqual(['uq_new']);
  });

  test('so is a bare unique index of the right name', () => {
    const bare = { ...pet, uniques: pet.uniques.map((u) => ({ ...u, constraint: false })) };
    const pending = pendingChanges(bare, { addUniques: pet.uniques }, NO_NULLS);
    expect(pending?.dropUniques).toEqual([['name', 'owner']]);
    expect(pending?.addUniques).toEqual(pet.uniques);
  });

  test('a foreign key with another action is replaced', () => {
    const wanted = references('owner', 'person.id', 'SET NULL');
    const pending = pendingChanges(pet, { addForeignKeys: [wanted] }, NO_NULLS);
    expect(pending?.dropForeignKeys).toEqual(['owner']);
    expect(pending?.addForeignKeys).toEqual([wanted]);
  });

  test('an index of the right name on other columns is replaced', () => {
    const pending = pendingChanges(pet, { addIndexes: [index('ix_pet_owner', 'owner', 'name')] }, NO_NULLS);
    expect(pending?.dropIndexes).toEqual(['ix_pet_owner']);
    expect(pending?.addIndexes).toEqual([index('ix_pet_owner', 'owner', 'name')]);
  });

  test('fills only where a row is NULL', () => {
    const fills = [{ column: 'owner', value: { kind: 'constant', value: 'x' } }] as const;
    const facts = { ...NO_NULLS, nulls: (t: string, c: string) => (t === 'pet' && c === 'owner' ? 3 : 0) };
    expect(pendingChanges(pet, { fills }, facts)?.fills).toEqual(fills);
    expect(pendingChanges(pet, { fills: [{ ...fills[0], column: 'nothing' }] }, facts)).toBeNull();
  });

  test('times with a zone are another type only where the database has both', () => {
    const seen = { ...pet.columns[3]!, kind: datetime().kind };
    expect(pendingChanges(pet, { alterColumns: [seen] }, NO_NULLS)?.alterColumns?.[0]?.kind).toBe('datetime');
    expect(pendingChanges(pet, { alterColumns: [seen] }, { ...NO_NULLS, zonedTimes: false })).toBeNull();
  });

  test('an altered column keeps its own kind and length', () => {
    const wide = { ...pet, columns: pet.columns.map((c) => ({ ...c, length: 999, type: 'varchar(999)' })) };
    const owner = { ...pet.columns[2]!, nullable: false };
    expect(pendingChanges(wide, { alterColumns: [owner] }, NO_NULLS)?.alterColumns).toEqual([
      { ...owner, length: 999, type: 'varchar(999)' },
    ]);
  });
});

describe('changesTowards', () => {
  test('is everything a table lacks of its definition, and nothing of what it has', () => {
    const bare: Table = {
      ...pet,
      columns: pet.columns.slice(0, 2),
      uniques: [],
      indexes: [],
      foreignKeys: [],
      checks: [],
    };
    const pending = pendingChanges(bare, changesTowards(bare, pet), NO_NULLS);
    expect(pending?.addColumns?.map(({ column }) => column.name)).toEqual(['owner', 'seen']);
    expect(pending?.addUniques).toEqual(pet.uniques);
    expect(pending?.addIndexes).toEqual(pet.indexes);
    expect(pending?.addForeignKeys).toEqual(pet.foreignKeys);
    expect(pending?.addChecks).toEqual(pet.checks);
    expect(pendingChanges(pet, changesTowards(pet, pet), NO_NULLS)).toBeNull();
  });

  test('does not touch a column that is nullable where nothing says what its NULLs become', () => {
    const loose = { ...pet, columns: pet.columns.map((c) => ({ ...c, nullable: true })) };
    expect(pendingChanges(loose, changesTowards(loose, pet), NO_NULLS)).toBeNull();
  });
});

describe('missingIndexes', () => {
  test('one index on the same columns stands in for one that is wanted, not for two', () => {
    const has = { ...pet, indexes: [index('by_hand', 'owner')] };
    expect(missingIndexes(has, [index('ix_a', 'owner')])).toEqual([]);
    expect(missingIndexes(has, [index('ix_a', 'owner'), index('ix_b', 'owner')])).toEqual([
      index('ix_b', 'owner'),
    ]);
  });

  test('the order of columns counts', () => {
    const has = { ...pet, indexes: [index('by_hand', 'owner', 'name')] };
    expect(missingIndexes(has, [index('ix_a', 'name', 'owner')])).toHaveLength(1);
  });
});
