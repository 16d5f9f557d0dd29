import { sql } from 'kysely';
import type { Connection } from '../../database/connection.ts';
import { statement } from '../../database/statement.ts';
import type { TargetContext } from '../context.ts';

/** What two connections that work as the gateway's do came to. Times are in milliseconds. */
export interface Trial {
  readonly openMs: number;
  /** The median of `READS` queries of one row. */
  readonly readMs: number;
  /** A transaction that writes a row and is rolled back; null when there is no table to write to. */
  readonly writeMs: number | null;
  /** Whether one connection can read while the other has written and not ended its transaction. */
  readonly readsBesideWriter: boolean;
  /** What a second writer met: it waited as long as it was told to, or wrote although the other one had. */
  readonly secondWriter: 'waited' | 'wrote';
}

const READS = 20;
/** How long the second writer waits in vain. */
const SECOND_WRITER_MS = 100;

/** Gives the row the value that it has: it takes every step of a write and cannot change anything. */
const WRITE = 'UPDATE alembic_version SET version_num = version_num';

/**
 * Opens two connections, reads, writes what it rolls back, and lets both want the same row.
 *
 * @throws GatewayError, or the driver's own error, of the step that failed
 */
export async function tryAccess(context: TargetContext): Promise<Trial> {
  const since = performance.now();
  return context.connect('write', async (first) => {
    const openMs = performance.now() - since;
    const tables = await first.dialect.readSchema(first);
    const readMs = await medianRead(first, tables.has('alembic_version'));
    if (!tables.has('alembic_version')) {
      return { openMs, readMs, writeMs: null, readsBesideWriter: true, secondWriter: 'waited' };
    }
    return context.connect('write', async (second) => {
      const writeSince = performance.now();
      await begin(first);
      await first.run(statement(WRITE));
      await rollBack(first);
      const writeMs = performance.now() - writeSince;

      await second.run(second.dialect.writeWait(SECOND_WRITER_MS));
      await begin(first);
      try {
        await first.run(statement(WRITE));
        const readsBesideWriter = await reads(second);
        return { openMs, readMs, writeMs, readsBesideWriter, secondWriter: await writeBeside(second) };
      } finally {
        await rollBack(first);
      }
    });
  });
}

async function medianRead(db: Connection, hasRevision: boolean): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < READS; i++) {
    const since = performance.now();
    await db.query(hasRevision ? sql`SELECT version_num FROM alembic_version` : sql`SELECT 1`);
    times.push(performance.now() - since);
  }
  return times.toSorted((a, b) => a - b)[READS / 2] ?? 0;
}

const reads = (db: Connection) =>
  unlessBusy(db, () => db.query(sql`SELECT version_num FROM alembic_version`));

async function writeBeside(db: Connection): Promise<Trial['secondWriter']> {
  await begin(db);
  try {
    return (await unlessBusy(db, () => db.run(statement(WRITE)))) ? 'wrote' : 'waited';
  } finally {
    await rollBack(db);
  }
}

/** Whether it could be done; not when somebody else's lock kept it from that. */
async function unlessBusy(db: Connection, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (db.dialect.translateError(error)?.code !== 'BUSY') throw error;
    return false;
  }
}

const begin = (db: Connection) => db.run(statement('BEGIN'));
const rollBack = (db: Connection) => db.run(statement('ROLLBACK'));
