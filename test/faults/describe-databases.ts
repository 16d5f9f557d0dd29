import { describe } from 'vitest';
import { type DatabaseId, type DatabaseKind, EVERY_VERSION } from '../support/database-kinds.ts';

/** Of each dialect the one that `npm test` breaks; the others take too long and are in `test/faults-long`. */
export const SHORT: readonly DatabaseId[] = ['sqlite', 'postgres', 'mariadb'];
export const LONG: readonly DatabaseId[] = ['postgres18', 'mysql'];

/** `describe` once for each of these databases; unavailable ones show up as skipped, by name. */
export function describeDatabases(
  ids: readonly DatabaseId[],
  name: string,
  tests: (database: DatabaseKind) => void,
): void {
  for (const database of EVERY_VERSION.filter(({ id }) => ids.includes(id))) {
    describe.skipIf(!database.available)(`${name} [${database.id}]`, () => tests(database));
  }
}
