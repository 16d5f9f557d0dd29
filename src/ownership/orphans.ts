import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import { OWNED_TABLES, type OwnedTable } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';

/**
 * Rows without an owner (COMPATIBILITY §5): a row is orphaned when `team_id` or `owner_email` is NULL. One
 * with neither was never assigned and gets the administrator's team and email and a visibility. One with
 * either keeps what it has, and only the other is filled from it.
 */
export interface Assignment {
  /** What rows with neither team nor owner get. */
  readonly teamId: string;
  readonly ownerEmail: string;
  readonly visibility: string;
  /** Written into the empty `federation_source` of rows that had neither (`--marker`). */
  readonly marker?: string | undefined;
  /** `fix --team` / `--owner`: what half-assigned rows get instead of their natural counterpart. */
  readonly forcedTeamId?: string | undefined;
  readonly forcedOwnerEmail?: string | undefined;
  /** `fix --visibility`: half-assigned rows get it too. */
  readonly forcedVisibility?: string | undefined;
}

export interface Orphans {
  readonly table: OwnedTable;
  readonly neither: number;
  readonly ownerOnly: number;
  readonly teamOnly: number;
  /** Rows whose owner would break a team-scoped unique; they stay as they are. */
  readonly collisions: readonly Collision[];
  readonly collisionCount: number;
  /** Half-assigned rows whose counterpart cannot be told (no such team, no personal team of the owner). */
  readonly unresolvable: number;
}

export interface Collision {
  readonly id: string;
  readonly column: string;
  readonly value: string;
  readonly teamId: string;
  readonly ownerEmail: string;
}

/** How many collisions are kept for the report; all of them are counted. */
const SAMPLE = 20;

const ident = (name: string) => sql.ref(name);

/** Owned tables that have the three columns. */
export function ownedTables(schema: Schema): OwnedTable[] {
  return OWNED_TABLES.filter(({ name }) => columnOf(schema.get(name), 'owner_email') !== undefined);
}

/** The team a row ends up with, as an SQL expression over `t`. */
function finalTeam(db: Connection, a: Assignment): RawBuilder<unknown> {
  const own =
    a.forcedTeamId === undefined
      ? sql`(SELECT min(e.id) FROM email_teams e WHERE e.created_by = t.owner_email
             AND e.is_personal = ${db.dialect.boolean(true)} AND e.is_active = ${db.dialect.boolean(true)})`
      : sql`${a.forcedTeamId}`;
  return sql`CASE WHEN t.team_id IS NOT NULL THEN t.team_id WHEN t.owner_email IS NULL THEN ${a.teamId} ELSE ${own} END`;
}

/** The owner a row ends up with, as an SQL expression over `t`. */
function finalOwner(a: Assignment): RawBuilder<unknown> {
  const natural =
    a.forcedOwnerEmail === undefined
      ? sql`(SELECT e.created_by FROM email_teams e WHERE e.id = t.team_id)`
      : sql`${a.forcedOwnerEmail}`;
  return sql`CASE WHEN t.owner_email IS NOT NULL THEN t.owner_email WHEN t.team_id IS NULL THEN ${a.ownerEmail} ELSE ${natural} END`;
}

const ORPHANED = sql`(t.team_id IS NULL OR t.owner_email IS NULL)`;

/** Ids of orphans that would collide: all but the first of the rows that end in the same scoped name. */
function collidingRows(
  db: Connection,
  table: OwnedTable,
  column: string,
  a: Assignment,
): RawBuilder<unknown> {
  return sql`
    SELECT x.id, x.value, x.team_id, x.owner_email FROM (
      SELECT f.id, f.value, f.team_id, f.owner_email, f.orphaned,
             row_number() OVER (PARTITION BY f.team_id, f.owner_email, f.value ORDER BY f.orphaned, f.id) AS place
      FROM (
        SELECT t.id, ${sql.ref(`t.${column}`)} AS value, ${finalTeam(db, a)} AS team_id,
               ${finalOwner(a)} AS owner_email, CASE WHEN ${ORPHANED} THEN 1 ELSE 0 END AS orphaned
        FROM ${sql.table(table.name)} t
      ) f
      WHERE f.team_id IS NOT NULL AND f.owner_email IS NOT NULL
    ) x WHERE x.orphaned = 1 AND x.place > 1`;
}

/** Counts the orphans of one table and finds those that cannot be given an owner. */
export async function findOrphans(db: Connection, table: OwnedTable, a: Assignment): Promise<Orphans> {
  const counts = await countOrphans(db, table);
  const none = { table, ...counts, collisions: [], collisionCount: 0, unresolvable: 0 };
  if (counts.neither + counts.ownerOnly + counts.teamOnly === 0) return none;
  const collisions: Collision[] = [];
  let collisionCount = 0;
  for (const column of table.scopedUniques) {
    const rows = await db.query<{
      id: unknown;
      value: string;
      team_id: string;
      owner_email: string;
      total: unknown;
    }>(sql`
      SELECT c.*, count(*) OVER () AS total FROM (${collidingRows(db, table, column, a)}) c
      ORDER BY c.value, c.id LIMIT ${sql.lit(SAMPLE)}`);
    collisionCount += Number(rows[0]?.total ?? 0);
    for (const row of rows) {
      collisions.push({
        id: String(row.id),
        column,
        value: row.value,
        teamId: row.team_id,
        ownerEmail: row.owner_email,
      });
    }
  }
  const [lost] =
    counts.ownerOnly + counts.teamOnly === 0
      ? [{ n: 0 }]
      : await db.query<{ n: unknown }>(sql`
          SELECT count(*) AS n FROM ${sql.table(table.name)} t
          WHERE ${ORPHANED} AND (${finalTeam(db, a)} IS NULL OR ${finalOwner(a)} IS NULL)`);
  return {
    ...none,
    collisions: collisions.slice(0, SAMPLE),
    collisionCount,
    unresolvable: Number(lost?.n ?? 0),
  };
}

/** How many rows of a table lack the team, the owner, or both. */
export async function countOrphans(
  db: Connection,
  table: OwnedTable,
): Promise<{ neither: number; ownerOnly: number; teamOnly: number }> {
  const rows = await db.query<{ no_team: unknown; no_owner: unknown; n: unknown }>(sql`
    SELECT CASE WHEN t.team_id IS NULL THEN 1 ELSE 0 END AS no_team,
           CASE WHEN t.owner_email IS NULL THEN 1 ELSE 0 END AS no_owner, count(*) AS n
    FROM ${sql.table(table.name)} t WHERE ${ORPHANED} GROUP BY 1, 2`);
  const of = (noTeam: number, noOwner: number) =>
    Number(rows.find((r) => Number(r.no_team) === noTeam && Number(r.no_owner) === noOwner)?.n ?? 0);
  return { neither: of(1, 1), ownerOnly: of(1, 0), teamOnly: of(0, 1) };
}

/** The statements that give the orphans of one table their owner, all but those that cannot have one. */
export function assignOrphans(db: Connection, orphans: Orphans, a: Assignment): Statement[] {
  const { table } = orphans;
  const t = sql.table(table.name);
  const spared =
    orphans.collisionCount === 0
      ? sql``
      : sql.join(
          table.scopedUniques.map(
            (column) => sql` AND id NOT IN (SELECT c.id FROM (${collidingRows(db, table, column, a)}) c)`,
          ),
          sql``,
        );
  const statements: Statement[] = [];
  const add = (query: RawBuilder<unknown>) =>
    statements.push({ ...db.compile(query), counts: 'assigned', table: table.name });
  if (orphans.neither > 0) {
    const marked =
      a.marker === undefined
        ? sql``
        : sql`, federation_source = coalesce(nullif(federation_source, ''), ${a.marker})`;
    add(sql`UPDATE ${t} SET team_id = ${a.teamId}, owner_email = ${a.ownerEmail}, visibility = ${a.visibility}${marked}
            WHERE team_id IS NULL AND owner_email IS NULL${spared}`);
  }
  const visible = a.forcedVisibility === undefined ? sql`` : sql`, visibility = ${a.forcedVisibility}`;
  const yes = db.dialect.boolean(true);
  const personal = sql`(SELECT min(e.id) FROM email_teams e WHERE e.created_by = ${ident(`${table.name}.owner_email`)}
                        AND e.is_personal = ${yes} AND e.is_active = ${yes})`;
  const creator = sql`(SELECT e.created_by FROM email_teams e WHERE e.id = ${ident(`${table.name}.team_id`)})`;
  if (orphans.ownerOnly > 0) {
    const forced = a.forcedTeamId !== undefined;
    add(sql`UPDATE ${t} SET team_id = ${forced ? sql`${a.forcedTeamId}` : personal}${visible}
            WHERE team_id IS NULL AND owner_email IS NOT NULL${forced ? sql`` : sql` AND ${personal} IS NOT NULL`}${spared}`);
  }
  if (orphans.teamOnly > 0) {
    const forced = a.forcedOwnerEmail !== undefined;
    add(sql`UPDATE ${t} SET owner_email = ${forced ? sql`${a.forcedOwnerEmail}` : creator}${visible}
            WHERE owner_email IS NULL AND team_id IS NOT NULL${forced ? sql`` : sql` AND ${creator} IS NOT NULL`}${spared}`);
  }
  return statements;
}
