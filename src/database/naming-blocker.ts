import { GatewayError } from '../errors.ts';
import { type Blocker, toEndIt } from './blocker.ts';
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
    const run = await runAtWork(db, blocker);
    if (run !== null) {
      return new GatewayError('LOCKED', `Another run of mcpgw is at work on this database: ${run}.`, {
        hint: 'Wait until it is done, then run the command again. Nothing was changed.',
        cause: error,
      });
    }
    return new GatewayError('BUSY', `The gateway’s tables are in use: ${blocker.text}.`, {
      hint: `Wait for it, or end that transaction, then run the command again. ${toEndIt(blocker)}Nothing was changed.`,
      cause: error,
    });
  } catch {
    // Who it is cannot be asked; what it waited for is still true.
    return error;
  }
}

/** The run that is at work, where it is or may be the one that is waited for; null otherwise. */
async function runAtWork(db: Connection, { end }: Blocker): Promise<string | null> {
  let run: string | null = null;
  const onWait = (holder: string, ending: string | null = null) => {
    if (end === null || ending === null || end === ending) run = holder;
  };
  try {
    await db.dialect.beginRun(db, { timeoutMs: 0, peek: true, onWait });
    await db.dialect.endRun(db, false);
    return null;
  } catch (error) {
    return error instanceof GatewayError && error.code === 'LOCKED' ? run : null;
  }
}
