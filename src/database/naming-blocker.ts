import { GatewayError } from '../errors.ts';
import { toEndIt } from './blocker.ts';
import type { Connection } from './connection.ts';

/**
 * The error of a read that waited in vain for a table, with who has it locked where that can be known; any other
 * error as it is. Ends the transaction in which it failed.
 */
export async function namingBlocker(db: Connection, error: unknown): Promise<unknown> {
  const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
  if (known?.code !== 'BUSY') return error;
  try {
    await db.dialect.endRead(db);
    const blocker = await db.dialect.readBlocker(db);
    if (blocker === null) return error;
    return new GatewayError('BUSY', `The gateway’s tables are in use: ${blocker.text}.`, {
      hint: `Wait for it, or end that transaction, then run the command again. ${toEndIt(blocker)}Nothing was changed.`,
      cause: error,
    });
  } catch {
    // Who it is cannot be asked; what it waited for is still true.
    return error;
  }
}
