import { sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { notSaved, unread } from '../database/not-saved.ts';
import { GatewayError } from '../errors.ts';
import { HISTORY_TABLE, VERSION_TABLE } from '../schema/gateway-tables.ts';

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
): Promise<{ readonly seen: T; readonly warnings: readonly string[] }> {
  try {
    return { seen: await reconnect(look), warnings: [] };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { seen: await look(db), warnings: [unread(`: ${error.message}`)] };
  }
}

interface Written {
  /** `alembic_version` as the run leaves it. */
  readonly revision: string;
  /** How many steps it recorded, and as of when. */
  readonly steps: number;
  readonly now: Date;
}

/**
 * The last things that a run wrote are there for others.
 *
 * @param what ran, as a sentence starts: `The migration`
 * @returns warnings
 * @throws GatewayError PARTIAL when another connection does not find them
 */
export async function refuseUnsaved(
  db: Connection,
  reconnect: Reconnect,
  what: string,
  { revision, steps, now }: Written,
): Promise<readonly string[]> {
  const { seen, warnings } = await throughAnother(db, reconnect, async (other) => {
    const of = (table: string, condition: ReturnType<typeof sql>) =>
      other.query<{ n: unknown }>(sql`SELECT count(*) AS n FROM ${sql.table(table)} WHERE ${condition}`);
    const [version] = await of(VERSION_TABLE, sql`version_num = ${revision}`);
    if (Number(version?.n) !== 1) return false;
    if (steps === 0) return true;
    const [recorded] = await of(HISTORY_TABLE, sql`applied_at = ${other.dialect.timestamp(now)}`);
    return Number(recorded?.n) >= steps;
  });
  if (seen) return warnings;
  throw notSaved(what);
}
