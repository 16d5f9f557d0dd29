import { type RawBuilder, sql } from 'kysely';
import type { Connection } from '../database/connection.ts';
import { countRows } from '../database/row-counts.ts';
import type { Statement } from '../database/statement.ts';
import type { OwnedTable } from '../schema/gateway-tables.ts';
import type { Assignment } from './assignment.ts';
import { type Collision, findCollisions, type Move, sparingCollisions } from './collisions.ts';
import { ownerOfTeam, teamOfOwner } from './natural.ts';

/** Which of a row's two references names something that does not exist. */
export type UnknownReference = 'team' | 'owner';

export interface UnknownReferences {
  readonly table: OwnedTable;
  readonly reference: UnknownReference;
  readonly count: number;
  readonly collisions: readonly Collision[];
  readonly collisionCount: number;
  /** Rows of owners who have no personal team to take them. */
  readonly unresolvable: number;
}

const SAMPLE = 20;

const TEAM_KNOWN = sql`EXISTS (SELECT 1 FROM email_teams k WHERE k.id = t.team_id)`;
const OWNER_KNOWN = sql`EXISTS (SELECT 1 FROM email_users k WHERE k.email = t.owner_email)`;

/** Rows `t` whose team or owner does not exist, as an SQL condition. */
export const UNKNOWN: Readonly<Record<UnknownReference, RawBuilder<unknown>>> = {
  team: sql`(t.team_id IS NOT NULL AND NOT ${TEAM_KNOWN})`,
  owner: sql`(t.owner_email IS NOT NULL AND NOT ${OWNER_KNOWN})`,
};

/**
 * Where such rows end up. What does not exist counts as NULL, and COMPATIBILITY §5 says the rest: an existing
 * owner or team stays and the other follows from it; a row left with neither goes to the administrator.
 */
function unknownMove(db: Connection, table: OwnedTable, reference: UnknownReference, a: Assignment): Move {
  return {
    table,
    rows: UNKNOWN[reference],
    team: sql`CASE WHEN ${TEAM_KNOWN} THEN t.team_id WHEN ${OWNER_KNOWN} THEN ${teamOfOwner(db, a)} ELSE ${a.teamId} END`,
    owner: sql`CASE WHEN ${OWNER_KNOWN} THEN t.owner_email WHEN ${TEAM_KNOWN} THEN ${ownerOfTeam(a)} ELSE ${a.ownerEmail} END`,
  };
}

/** Finds which of `count` such rows of one table cannot be mended. */
export async function findUnknownReferences(
  db: Connection,
  table: OwnedTable,
  reference: UnknownReference,
  count: number,
  a: Assignment,
): Promise<UnknownReferences> {
  const move = unknownMove(db, table, reference, a);
  const { count: collisionCount, collisions } = await findCollisions(db, move, SAMPLE);
  const lost = sql`${sql.table(table.name)} t
    WHERE ${move.rows} AND (${move.team} IS NULL OR ${move.owner} IS NULL)`;
  return { table, reference, count, collisions, collisionCount, unresolvable: await countRows(db, lost) };
}

/** The statements that mend the rows of one table; none when nothing can be done. Each ends in a WHERE clause. */
export function assignUnknownReferences(
  db: Connection,
  { table, reference, count, collisionCount, unresolvable }: UnknownReferences,
  a: Assignment,
): Statement[] {
  if (count <= collisionCount + unresolvable) return [];
  const move = unknownMove(db, table, reference, a);
  const spared = sparingCollisions(move);
  const visible = a.forcedVisibility === undefined ? sql`` : sql`, visibility = ${a.forcedVisibility}`;
  // MySQL sees the new value of a column in the next assignment of the same SET: one reference at a time, or
  // constants.
  const update = (values: RawBuilder<unknown>, condition: RawBuilder<unknown>): Statement => ({
    ...db.compile(sql`UPDATE ${sql.table(table.name)} AS t SET ${values}${visible}${sql.raw(db.dialect.kept(table.name))}
                      WHERE ${move.rows} AND ${condition}${spared}`),
    counts: 'assigned',
    table: table.name,
  });
  const both = sql`team_id = ${a.teamId}, owner_email = ${a.ownerEmail}`;
  if (reference === 'team') {
    const team = teamOfOwner(db, a);
    return [
      update(
        sql`team_id = ${team}`,
        a.forcedTeamId === undefined ? sql`${OWNER_KNOWN} AND ${team} IS NOT NULL` : OWNER_KNOWN,
      ),
      update(both, sql`NOT ${OWNER_KNOWN}`),
    ];
  }
  return [update(sql`owner_email = ${ownerOfTeam(a)}`, TEAM_KNOWN), update(both, sql`NOT ${TEAM_KNOWN}`)];
}
