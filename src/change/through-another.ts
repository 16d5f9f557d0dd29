import type { Connection } from '../database/connection.ts';
import { unread } from '../database/not-saved.ts';
import { GatewayError } from '../errors.ts';
import type { Text } from '../report/advice.ts';

/** Gives `use` a connection of its own. */
export type Reconnect = <T>(use: (db: Connection) => Promise<T>) => Promise<T>;

/**
 * Looks at what a run has committed through a second connection: the run's own would see it also if it were not
 * kept. Where no second one can be had, it looks all the same, and a warning says so.
 */
export async function throughAnother<T>(
  db: Connection,
  reconnect: Reconnect,
  look: (db: Connection) => Promise<T>,
): Promise<{ readonly seen: T; readonly warnings: readonly Text[] }> {
  try {
    return { seen: await reconnect(look), warnings: [] };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { seen: await look(db), warnings: [unread(`: ${error.message}`)] };
  }
}
