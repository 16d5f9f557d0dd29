import type { Connection } from './connection.ts';
import { statement } from './statement.ts';

/** Runs part of a transaction so that its failure leaves the rest usable. */
export type Guard = <T>(part: () => Promise<T>) => Promise<T>;

let made = 0;

/**
 * Runs part of a transaction so that its failure leaves the rest usable: a statement that fails makes the whole
 * transaction useless on PostgreSQL. Smaller parts that only read get the same from the guard, without a
 * savepoint and its two round trips for each.
 */
export async function inSavepoint<T>(db: Connection, part: (guard: Guard) => Promise<T>): Promise<T> {
  // One within another needs a name of its own: MySQL forgets the outer one of two that are named alike.
  const name = `mcpgw_part${++made}`;
  const guard: Guard = async (smaller) => {
    try {
      return await smaller();
    } catch (error) {
      await db.run(statement(`ROLLBACK TO SAVEPOINT ${name}`));
      throw error;
    }
  };
  await db.run(statement(`SAVEPOINT ${name}`));
  const result = await guard(() => part(guard));
  await db.run(statement(`RELEASE SAVEPOINT ${name}`));
  return result;
}
