import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { GatewayError } from '../../errors.ts';
import { LOCK_TABLE } from '../../schema/gateway-tables.ts';
import { TIMING } from '../../timing.ts';
import type { Connection } from '../connection.ts';
import { statement } from '../statement.ts';
import { thisProcess } from '../this-process.ts';
import { isThere } from './introspect.ts';

/** Without a beat for so long, somebody who waits says that he wants the lease … */
const STALE_MS = 30_000;
/**
 * … and takes it when none came for so long after that. His wish was replicated, so the cluster takes writes: a
 * holder that lives, and was only held up by a long schema change, has had the time for a beat.
 */
const GRACE_MS = 10_000;

const TABLE = sql.table(LOCK_TABLE);
const NAME = 'run';
/** No such table, duplicate key, deadlock (how a failed certification shows), lock wait time-out. */
const NOT_NOW: ReadonlySet<number> = new Set([1146, 1062, 1213, 1205]);

export interface Lease {
  /** Sends no more beats: in a transaction nobody would see them. */
  pause(): Promise<void>;
  /**
   * The last statement of a transaction: that the lease is still ours. Whoever takes it meanwhile keeps the transaction
   * from being committed.
   *
   * @throws GatewayError LOCKED
   */
  confirm(): Promise<void>;
  release(): Promise<void>;
}

interface Row {
  readonly token: string;
  readonly holder: string;
  readonly acquired_at: string;
  readonly beats: number | string;
  readonly claim: string | null;
}

/**
 * Whether this server is a node of a Galera cluster: there GET_LOCK holds on one node only, and what keeps two
 * nodes apart is a row that one of them wrote first.
 */
export async function isGaleraNode(db: Connection): Promise<boolean> {
  const rows = await db.query<{ Value: string }>(
    sql`SHOW GLOBAL VARIABLES WHERE Variable_name = 'wsrep_on' AND Value IN ('ON', '1')`,
  );
  return rows.length > 0;
}

/**
 * Tries to get the lease; `attempt` is called again and again, and remembers what it saw.
 *
 * @param peek only wait until nobody has it
 */
export function leaseSeeker(db: Connection, peek: boolean) {
  const token = randomUUID();
  let seen: { row: Row; at: number } | null = null;

  async function attempt(): Promise<Lease | undefined> {
    if (!peek && (await written(createTable(db).then(() => insert(db, token))))) return hold(db, token);
    const row = (await isThere(db, LOCK_TABLE)) ? await read(db) : undefined;
    if (row === undefined) {
      seen = null;
      return peek ? NOTHING_HELD : undefined;
    }
    const same =
      seen !== null && seen.row.token === row.token && String(seen.row.beats) === String(row.beats);
    if (seen === null || !same) seen = { row, at: performance.now() };
    const silentMs = performance.now() - seen.at;
    if (row.claim !== token && silentMs > STALE_MS && row.claim === seen.row.claim) {
      const claimed = await written(
        update(db, sql`claim = ${token}`, sql`token = ${row.token} AND beats = ${row.beats}`),
      );
      // The time of grace starts with the wish.
      if (claimed) seen = { row: { ...row, claim: token }, at: performance.now() };
      return undefined;
    }
    if (row.claim === token && silentMs > GRACE_MS) {
      const takes = sql`token = ${token}, holder = ${thisProcess()}, acquired_at = UTC_TIMESTAMP(), beats = 0, claim = NULL`;
      const mine = sql`token = ${row.token} AND beats = ${row.beats} AND claim = ${token}`;
      if (await written(update(db, takes, mine))) return hold(db, token);
    }
    return undefined;
  }

  return {
    attempt,
    /** Process, host and since when. */
    holder: () =>
      seen === null
        ? 'a run that has just ended'
        : `${seen.row.holder}, since ${seen.row.acquired_at.replace(' ', 'T').slice(0, 19)}Z`,
  };
}

const NOTHING_HELD: Lease = { pause: async () => {}, confirm: async () => {}, release: async () => {} };

async function createTable(db: Connection): Promise<void> {
  if (await isThere(db, LOCK_TABLE)) return;
  await db.run(
    statement(
      `CREATE TABLE IF NOT EXISTS ${LOCK_TABLE} (name VARCHAR(32) NOT NULL PRIMARY KEY, ` +
        'token CHAR(36) NOT NULL, holder VARCHAR(255) NOT NULL, acquired_at DATETIME NOT NULL, ' +
        'beats BIGINT NOT NULL, claim CHAR(36) NULL) ENGINE=InnoDB',
    ),
  );
}

function insert(db: Connection, token: string): Promise<number> {
  return db.run(
    db.compile(
      sql`INSERT INTO ${TABLE} (name, token, holder, acquired_at, beats)
          VALUES (${NAME}, ${token}, ${thisProcess()}, UTC_TIMESTAMP(), 0)`,
    ),
  );
}

async function read(db: Connection): Promise<Row | undefined> {
  const [row] = await db.query<Row>(sql`SELECT * FROM ${TABLE} WHERE name = ${NAME}`);
  return row;
}

function update(db: Connection, set: ReturnType<typeof sql>, where: ReturnType<typeof sql>): Promise<number> {
  return db.run(db.compile(sql`UPDATE ${TABLE} SET ${set} WHERE name = ${NAME} AND ${where}`));
}

/** Whether a write went through on all nodes; false when another one was there first. */
async function written(write: Promise<number>): Promise<boolean> {
  try {
    return (await write) > 0;
  } catch (error) {
    if (NOT_NOW.has((error as { errno?: number }).errno ?? 0)) return false;
    throw error;
  }
}

/** Keeps the lease alive: the beats queue up with the run's statements, on the same connection. */
function hold(db: Connection, token: string): Lease {
  const ours = sql`token = ${token}`;
  let beating: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    beating = beat();
  }, TIMING.beatMs);
  timer.unref();

  async function beat(): Promise<void> {
    try {
      if ((await update(db, sql`beats = beats + 1, claim = NULL`, ours)) > 0) return;
      // Somebody took us for dead (a frozen process, say): what is left of this run must not write any more.
      clearInterval(timer);
      await db.run(statement('KILL CONNECTION_ID()'));
    } catch {
      // A certification that failed is tried again at the next beat; a lost connection ends the run anyway.
    }
  }

  return {
    async pause() {
      clearInterval(timer);
      await beating;
    },
    async confirm() {
      if ((await update(db, sql`beats = beats + 1, claim = NULL`, ours)) > 0) return;
      throw new GatewayError(
        'LOCKED',
        'Another run took this one for dead, which had not been heard of for long.',
        {
          hint: 'Nothing was changed. Run it again.',
        },
      );
    },
    async release() {
      clearInterval(timer);
      await beating;
      await db.run(db.compile(sql`DELETE FROM ${TABLE} WHERE name = ${NAME} AND ${ours}`));
    },
  };
}
