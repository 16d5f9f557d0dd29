import { type RawBuilder, sql } from 'kysely';
import type { Blocker } from '../blocker.ts';
import type { Connection } from '../connection.ts';

/** GET_LOCK names are server-wide and hold 64 characters: a hash of the database's name keeps them apart. */
const NAME = sql`concat('mcpgw:', left(sha2(database(), 256), 40))`;

/**
 * Others can ask who has a lock of a certain name, and nothing else about it. So the holder takes one more lock
 * for each bit that is set in these two numbers, and whoever waits reads them off the names that are taken. It
 * needs no table and no privilege, and it all goes away with the connection.
 */
const NOTES = [
  { letter: 's', bits: 32, of: () => Math.floor(Date.now() / 1000) },
  { letter: 'p', bits: 22, of: () => process.pid },
] as const;

type Note = (typeof NOTES)[number];

const bitName = ({ letter }: Note, bit: number): RawBuilder<string> =>
  sql`concat(${NAME}, ${sql.lit(`:${letter}${bit}`)})`;

const bitsOf = ({ bits }: Note): number[] => Array.from({ length: bits }, (_, bit) => bit);

/** Takes the lock of this database if it is free; GET_LOCK answers 1 (ours), 0 (not ours) or NULL (an error). */
export async function tryNamedLock(db: Connection): Promise<boolean> {
  const [row] = await db.query<{ locked: number | string | null }>(
    sql`SELECT GET_LOCK(${NAME}, 0) AS locked`,
  );
  if (Number(row?.locked ?? 0) !== 1) return false;
  const notes = NOTES.flatMap((note) => {
    const value = note.of();
    return bitsOf(note)
      .filter((bit) => Math.floor(value / 2 ** bit) % 2 === 1)
      .map((bit) => sql`GET_LOCK(${bitName(note, bit)}, 0)`);
  });
  await db.query(sql`SELECT ${sql.join(notes.map((note, i) => sql`${note} AS ${sql.ref(`n${i}`)}`))}`);
  return true;
}

/** Gives up the lock and its notes; this connection has no others. */
export async function releaseNamedLock(db: Connection): Promise<void> {
  await db.query(sql`SELECT RELEASE_ALL_LOCKS() AS released`);
}

export const GONE: Blocker = { text: 'a run that has just ended', end: null };

/** Process, host and since when, of whoever has the lock. */
export async function namedLockHolder(db: Connection): Promise<Blocker> {
  const bits = NOTES.flatMap((note) =>
    bitsOf(note).map((bit) => sql`IS_USED_LOCK(${bitName(note, bit)}) AS ${sql.ref(`${note.letter}${bit}`)}`),
  );
  const [row] = await db.query<Record<string, number | string | null>>(
    sql`SELECT IS_USED_LOCK(${NAME}) AS id, ${sql.join(bits)}`,
  );
  if (row === undefined || row.id === null || row.id === undefined) return GONE;
  const numberOf = (note: Note) =>
    bitsOf(note).reduce((sum, bit) => (row[`${note.letter}${bit}`] === row.id ? sum + 2 ** bit : sum), 0);
  const [seconds, pid] = [numberOf(NOTES[0]), numberOf(NOTES[1])];
  // Other accounts' connections show only to those with the PROCESS privilege, and on MySQL none does while any
  // of them runs a statement with characters beyond utf8mb3: the table itself cannot be filled then.
  const [client] = await db
    .query<{ user: string; host: string }>(
      sql`SELECT USER AS user, HOST AS host FROM information_schema.PROCESSLIST WHERE ID = ${row.id}`,
    )
    .catch(() => []);
  const from =
    client === undefined
      ? 'of another account'
      : `from ${client.host.replace(/:\d+$/, '')}, account ${client.user}`;
  const since = new Date(seconds * 1000).toISOString().slice(0, 19);
  const text = `mcpgw pid ${pid} ${from} (connection ${row.id}), since ${since}Z`;
  return { text, end: `KILL ${row.id};` };
}
