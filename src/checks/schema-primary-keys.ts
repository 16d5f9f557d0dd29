import { sameColumnSet } from '../schema/model.ts';
import type { Check } from './check.ts';

/** Every table has the primary key that the gateway tells its rows apart by. */
export const schemaPrimaryKeys: Check = {
  id: 'schema.primary-keys',
  title: 'Primary keys',
  level: 'error',
  hint: 'Nothing here can tell which of two rows with one key is right: add the key yourself (ALTER TABLE … ADD PRIMARY KEY) once its values are unique, or restore a backup.',
  async find({ schema, target }) {
    const sample = [...target.values()].flatMap(({ name, primaryKey }) => {
      const table = schema.get(name);
      if (table === undefined || sameColumnSet(table.primaryKey, primaryKey)) return [];
      const found = table.primaryKey.length === 0 ? 'none' : `(${table.primaryKey.join(', ')})`;
      return [`${name}: the primary key is ${found}, not (${primaryKey.join(', ')})`];
    });
    return { count: sample.length, sample };
  },
};
