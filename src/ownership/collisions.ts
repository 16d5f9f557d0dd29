import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { OwnedTable } from '../schema/gateway-tables.ts';

/** Rows `t` of an owned table that get another team or owner, and which: SQL over `t`. */
export interface Move {
  readonly table: OwnedTable;
  readonly rows: RawBuilder<unknown>;
  /** NULL where it cannot be told; the row then stays as it is. */
  readonly team: RawBuilder<unknown>;
  readonly owner: RawBuilder<unknown>;
}

export interface Collision {
  readonly id: string;
  readonly column: string;
  readonly value: string;
  readonly teamId: string;
  readonly ownerEmail: string;
}

/**
 * Rows whose move would break a team-scoped unique: another row has that name with that team and owner, or
 * another row that moves, with a lower id, would have it. Each row once, with the first column that collides;
 * null for tables without such a unique.
 */
function collidingRows({ table, rows, team, owner }: Move): RawBuilder<unknown> | null {
  if (table.scopedUniques.length === 0) return null;
  const names = table.scopedUniques.map((column, i) => ({
    column,
    value: sql.ref(`v${i}`),
    place: sql.ref(`p${i}`),
  }));
  const values = sql.join(names.map(({ column, value }) => sql`${sql.ref(`t.${column}`)} AS ${value}`));
  const places = sql.join(
    names.map(
      ({ value, place }) =>
        sql`row_number() OVER (PARTITION BY f.team_id, f.owner_email, f.${value} ORDER BY f.moving, f.id) AS ${place}`,
    ),
  );
  const collides = ({ value, place }: (typeof names)[number]) =>
    sql`(x.${place} > 1 AND x.${value} IS NOT NULL)`;
  const which = (of: (name: (typeof names)[number]) => RawBuilder<unknown>) =>
    sql`CASE ${sql.join(
      names.map((name) => sql`WHEN ${collides(name)} THEN ${of(name)}`),
      sql` `,
    )} END`;
  return sql`
    SELECT x.id, x.team_id, x.owner_email, ${which(({ column }) => sql.lit(column))} AS name,
           ${which(({ value }) => sql`x.${value}`)} AS value
    FROM (
      SELECT f.id, f.team_id, f.owner_email, f.moving, ${sql.join(names.map(({ value }) => sql`f.${value}`))}, ${places}
      FROM (
        SELECT t.id, ${values}, CASE WHEN ${rows} THEN 1 ELSE 0 END AS moving,
               CASE WHEN ${rows} THEN ${team} ELSE t.team_id END AS team_id,
               CASE WHEN ${rows} THEN ${owner} ELSE t.owner_email END AS owner_email
        FROM ${sql.table(table.name)} t
      ) f
      WHERE f.team_id IS NOT NULL AND f.owner_email IS NOT NULL
    ) x WHERE x.moving = 1 AND (${sql.join(names.map(collides), sql` OR `)})`;
}

/** The rows of a move that collide: some of them, and how many there are. */
export async function findCollisions(
  db: Connection,
  move: Move,
  sample: number,
): Promise<{ readonly count: number; readonly collisions: readonly Collision[] }> {
  const colliding = collidingRows(move);
  if (colliding === null || !(await anySameName(db, move))) return { count: 0, collisions: [] };
  const rows = await db.query<{
    id: unknown;
    name: string;
    value: string;
    team_id: string;
    owner_email: string;
    total: unknown;
  }>(sql`
    SELECT c.*, count(*) OVER () AS total FROM (${colliding}) c ORDER BY c.value, c.id LIMIT ${sql.lit(sample)}`);
  return {
    count: Number(rows[0]?.total ?? 0),
    collisions: rows.map((row) => ({
      id: String(row.id),
      column: row.name,
      value: row.value,
      teamId: row.team_id,
      ownerEmail: row.owner_email,
    })),
  };
}

/**
 * Whether a row that moves has a name that any other row has, whoever owns it: without that nothing collides,
 * and this takes a quarter of the time.
 */
async function anySameName(db: Connection, { table, rows }: Move): Promise<boolean> {
  for (const column of table.scopedUniques) {
    const name = sql.ref(`t.${column}`);
    const found = await db.query(sql`
      SELECT ${name} FROM ${sql.table(table.name)} t WHERE ${name} IS NOT NULL
      GROUP BY ${name} HAVING count(*) > 1 AND max(CASE WHEN ${rows} THEN 1 ELSE 0 END) = 1 LIMIT 1`);
    if (found.length > 0) return true;
  }
  return false;
}

/** ` AND …` for the WHERE of an UPDATE of the table: leaves out the rows that collide when it is executed. */
export function sparingCollisions(move: Move): RawBuilder<unknown> {
  const colliding = collidingRows(move);
  return colliding === null ? sql`` : sql` AND id NOT IN (SELECT c.id FROM (${colliding}) c)`;
}
