import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { countRows } from '../database/row-counts.ts';
import type { Statement } from '../database/statement.ts';
import { OWNED_TABLES, type OwnedTable } from '../schema/gateway-tables.ts';
import { columnOf, type Schema } from '../schema/model.ts';
import type { Assignment } from './assignment.ts';
import { type Collision, findCollisions, type Move, sparingCollisions } from './collisions.ts';
import { ownerOfTeam, teamOfOwner } from './natural.ts';

/**
 * Rows without an owner (COMPATIBILITY §5): a row is orphaned when `team_id` or `owner_email` is NULL. One
 * with neither was never assigned and gets the administrator's team and email and a visibility. One with
 * either keeps what it has, and only the other is filled from it.
 */
export interface Orphans extends OrphanCounts {
  readonly table: OwnedTable;
  /** Some of the rows whose owner would break a team-scoped unique; they stay as they are. */
  readonly collisions: readonly Collision[];
  readonly collisionCount: number;
  /** Half-assigned rows whose counterpart cannot be told (no such team, no personal team of the owner). */
  readonly unresolvable: number;
}

export interface OrphanCounts {
  readonly neither: number;
  readonly ownerOnly: number;
  readonly teamOnly: number;
}

/** How many collisions are kept for the report; all of them are counted. */
const SAMPLE = 20;

const ORPHANED = sql`(t.team_id IS NULL OR t.owner_email IS NULL)`;

/** Owned tables that have the columns of ownership. */
export function ownedTables(schema: Schema): OwnedTable[] {
  return OWNED_TABLES.filter(({ name }) => columnOf(schema.get(name), 'owner_email') !== undefined);
}

/** Where orphans end up. */
function orphanMove(db: Connection, table: OwnedTable, a: Assignment): Move {
  return {
    table,
    rows: ORPHANED,
    team: sql`CASE WHEN t.team_id IS NOT NULL THEN t.team_id WHEN t.owner_email IS NULL THEN ${a.teamId}
              ELSE ${teamOfOwner(db, a)} END`,
    owner: sql`CASE WHEN t.owner_email IS NOT NULL THEN t.owner_email WHEN t.team_id IS NULL THEN ${a.ownerEmail}
               ELSE ${ownerOfTeam(a)} END`,
  };
}

/**
 * Finds the orphans of one table that cannot be given an owner.
 *
 * @param counted how many there are, where that is known already
 */
export async function findOrphans(
  db: Connection,
  table: OwnedTable,
  a: Assignment,
  counted?: OrphanCounts,
): Promise<Orphans> {
  const { neither, ownerOnly, teamOnly } = counted ?? (await countOrphans(db, table));
  const counts = { neither, ownerOnly, teamOnly };
  const none = { table, ...counts, collisions: [], collisionCount: 0, unresolvable: 0 };
  if (counts.neither + counts.ownerOnly + counts.teamOnly === 0) return none;
  const move = orphanMove(db, table, a);
  const { count, collisions } = await findCollisions(db, move, SAMPLE);
  const lost = sql`${sql.table(table.name)} t
    WHERE ${ORPHANED} AND (${move.team} IS NULL OR ${move.owner} IS NULL)`;
  const unresolvable = counts.ownerOnly + counts.teamOnly === 0 ? 0 : await countRows(db, lost);
  return { ...none, collisions, collisionCount: count, unresolvable };
}

/** How many rows of a table lack the team, the owner, or both. */
export async function countOrphans(db: Connection, table: OwnedTable): Promise<OrphanCounts> {
  const rows = await db.query<{ no_team: unknown; no_owner: unknown; n: unknown }>(sql`
    SELECT CASE WHEN t.team_id IS NULL THEN 1 ELSE 0 END AS no_team,
           CASE WHEN t.owner_email IS NULL THEN 1 ELSE 0 END AS no_owner, count(*) AS n
    FROM ${sql.table(table.name)} t WHERE ${ORPHANED} GROUP BY 1, 2`);
  const of = (noTeam: number, noOwner: number) =>
    Number(rows.find((r) => Number(r.no_team) === noTeam && Number(r.no_owner) === noOwner)?.n ?? 0);
  return { neither: of(1, 1), ownerOnly: of(1, 0), teamOnly: of(0, 1) };
}

export interface AssignOptions {
  /** Something else may move rows of the table before these statements run: look for collisions again then. */
  readonly wary?: boolean;
}

/**
 * The statements that give the orphans of one table their owner, all but those that cannot have one; none when
 * that is all of them. Each ends in a WHERE clause.
 */
export function assignOrphans(
  db: Connection,
  orphans: Orphans,
  a: Assignment,
  { wary = false }: AssignOptions = {},
): Statement[] {
  const { table, neither, ownerOnly, teamOnly, collisionCount, unresolvable } = orphans;
  if (neither + ownerOnly + teamOnly <= collisionCount + unresolvable) return [];
  const t = sql`${sql.table(table.name)} AS t`;
  const spared = collisionCount > 0 || wary ? sparingCollisions(orphanMove(db, table, a)) : sql``;
  const kept = sql.raw(db.dialect.kept(table.name));
  const statements: Statement[] = [];
  const add = (query: RawBuilder<unknown>) =>
    statements.push({ ...db.compile(query), counts: 'assigned', table: table.name });
  if (neither > 0) {
    const marked =
      a.marker === undefined
        ? sql``
        : sql`, federation_source = coalesce(nullif(federation_source, ''), ${a.marker})`;
    add(sql`UPDATE ${t} SET team_id = ${a.teamId}, owner_email = ${a.ownerEmail}, visibility = ${a.visibility}${marked}${kept}
            WHERE t.team_id IS NULL AND t.owner_email IS NULL${spared}`);
  }
  const visible = a.forcedVisibility === undefined ? sql`` : sql`, visibility = ${a.forcedVisibility}`;
  if (ownerOnly > 0) {
    const team = teamOfOwner(db, a);
    const known = a.forcedTeamId === undefined ? sql` AND ${team} IS NOT NULL` : sql``;
    add(sql`UPDATE ${t} SET team_id = ${team}${visible}${kept}
            WHERE t.team_id IS NULL AND t.owner_email IS NOT NULL${known}${spared}`);
  }
  if (teamOnly > 0) {
    const owner = ownerOfTeam(a);
    const known = a.forcedOwnerEmail === undefined ? sql` AND ${owner} IS NOT NULL` : sql``;
    add(sql`UPDATE ${t} SET owner_email = ${owner}${visible}${kept}
            WHERE t.owner_email IS NULL AND t.team_id IS NOT NULL${known}${spared}`);
  }
  return statements;
}
