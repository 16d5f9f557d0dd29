import type { Connection } from './connection.ts';
import { statement } from './statement.ts';

/**
 * Runs part of a transaction so that its failure leaves the rest usable: a statement that fails makes the whole
 * transaction useless on PostgreSQL.
 */
export async function inSavepoint<T>(db: Connection, part: () => Promise<T>): Promise<T> {
  await db.run(statement('SAVEPOINT mcpgw_part'));
  try {
    const result = await part();
    await db.run(statement('RELEASE SAVEPOINT mcpgw_part'));
    return result;
  } catch (error) {
    await db.run(statement('ROLLBACK TO SAVEPOINT mcpgw_part'));
    throw error;
  }
}
