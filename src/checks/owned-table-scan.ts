import { sql } from 'kysely';
import { OWNED_TABLES, type OwnedTable } from '../schema/gateway-tables.ts';
import { columnOf } from '../schema/model.ts';
import type { CheckContext } from './check.ts';
import { perContext } from './per-context.ts';

/** How many rows of one owned table are in what state of ownership. */
export interface OwnedCounts {
  readonly table: OwnedTable;
  readonly neither: number;
  readonly ownerOnly: number;
  readonly teamOnly: number;
  readonly unknownTeam: number;
  readonly unknownOwner: number;
  /** Rows by visibility: `private`, `team`, `public`, and `''` for any other or none. */
  readonly visibilities: ReadonlyMap<string, number>;
  readonly teamVisibilityWithoutTeam: number;
  /** Private rows of the administrator in the personal team. */
  readonly adminPrivate: number;
}

export interface OwnedTableScan {
  readonly tables: readonly OwnedCounts[];
  /** Owned tables without the columns that this is about. */
  readonly lacking: readonly string[];
}

interface Group {
  readonly team: 'none' | 'known' | 'unknown';
  readonly owner: 'none' | 'known' | 'unknown';
  readonly visibility: string;
  readonly admins: number | string;
  readonly n: number | string;
}

/**
 * Counts for all ownership checks at once: every owned table is read one time, and its distinct combinations
 * of team, owner and visibility are looked up rather than its rows.
 */
export const scanOwnedTables = perContext(async (context): Promise<OwnedTableScan> => {
  const tables: OwnedCounts[] = [];
  const lacking: string[] = [];
  for (const table of OWNED_TABLES) {
    const here = context.schema.get(table.name);
    if (['team_id', 'owner_email', 'visibility'].every((name) => columnOf(here, name) !== undefined)) {
      tables.push(await scan(context, table));
    } else lacking.push(table.name);
  }
  return { tables, lacking };
});

async function scan({ db, seed }: CheckContext, table: OwnedTable): Promise<OwnedCounts> {
  const admins =
    seed === null
      ? sql`0`
      : sql`CASE WHEN g.team_id = ${seed.teamId} AND g.owner_email = ${seed.ownerEmail} THEN 1 ELSE 0 END`;
  const groups = await db.query<Group>(sql`
    SELECT c.team, c.owner, c.visibility, c.admins, sum(c.n) AS n FROM (
      SELECT CASE WHEN g.team_id IS NULL THEN 'none' WHEN e.id IS NULL THEN 'unknown' ELSE 'known' END AS team,
             CASE WHEN g.owner_email IS NULL THEN 'none' WHEN u.email IS NULL THEN 'unknown' ELSE 'known' END AS owner,
             CASE WHEN g.visibility IN ('private', 'team', 'public') THEN g.visibility ELSE '' END AS visibility,
             ${admins} AS admins, g.n AS n
      FROM (
        SELECT t.team_id, t.owner_email, t.visibility, count(*) AS n FROM ${sql.table(table.name)} t
        GROUP BY t.team_id, t.owner_email, t.visibility
      ) g
      LEFT JOIN email_teams e ON e.id = g.team_id LEFT JOIN email_users u ON u.email = g.owner_email
    ) c GROUP BY c.team, c.owner, c.visibility, c.admins`);
  const count = (matches: (group: Group) => boolean) =>
    groups.filter(matches).reduce((sum, group) => sum + Number(group.n), 0);
  const visibilities = new Map<string, number>();
  for (const group of groups) {
    // MySQL's comparisons take `Private` for `private`, and so may the case of a group.
    const visibility = group.visibility.toLowerCase();
    visibilities.set(visibility, (visibilities.get(visibility) ?? 0) + Number(group.n));
  }
  return {
    table,
    neither: count(({ team, owner }) => team === 'none' && owner === 'none'),
    ownerOnly: count(({ team, owner }) => team === 'none' && owner !== 'none'),
    teamOnly: count(({ team, owner }) => team !== 'none' && owner === 'none'),
    unknownTeam: count(({ team }) => team === 'unknown'),
    unknownOwner: count(({ owner }) => owner === 'unknown'),
    visibilities,
    teamVisibilityWithoutTeam: count(
      ({ team, visibility }) => team === 'none' && visibility.toLowerCase() === 'team',
    ),
    adminPrivate: count(
      ({ admins, visibility }) => Number(admins) === 1 && visibility.toLowerCase() === 'private',
    ),
  };
}
