import { sql } from 'kysely';
import { countRows } from '../database/row-counts.ts';
import { isOutside, VISIBILITIES } from '../ownership/visibility.ts';
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

interface TeamGroup {
  readonly team: 'none' | 'known' | 'unknown';
  readonly visibility: string;
  readonly admins: number | string;
  readonly n: number | string;
  /** Of them, those of no known visibility: a collation may put "Private" into the group of `private`. */
  readonly outside: number | string;
}

interface OwnerGroup {
  readonly owner: 'none' | 'known' | 'unknown';
  readonly n: number | string;
}

/**
 * Counts for all ownership checks at once. Teams and owners are counted apart, since each has an index with the
 * visibility that says it all (`idx_<table>_team_visibility`, `…_owner_visibility`): no row is read, and what is
 * looked up are distinct values. Rows are read only where both say that something may be wrong with one.
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

async function scan(context: CheckContext, table: OwnedTable): Promise<OwnedCounts> {
  const { db, seed } = context;
  const outside = isOutside(db.dialect, 't.visibility', VISIBILITIES);
  const t = sql`${sql.table(table.name)} t`;
  const isAdmins = seed === null ? sql`0` : sql`CASE WHEN g.team_id = ${seed.teamId} THEN 1 ELSE 0 END`;
  const teams = await db.query<TeamGroup>(sql`
    SELECT c.team, c.visibility, c.admins, sum(c.n - c.outside) AS n, sum(c.outside) AS outside FROM (
      SELECT CASE WHEN g.team_id IS NULL THEN 'none' WHEN e.id IS NULL THEN 'unknown' ELSE 'known' END AS team,
             CASE WHEN g.n > g.outside THEN lower(trim(g.visibility)) ELSE '' END AS visibility,
             ${isAdmins} AS admins, g.n AS n, g.outside AS outside
      FROM (SELECT t.team_id, t.visibility, count(*) AS n, count(CASE WHEN ${outside} THEN 1 END) AS outside FROM ${t} GROUP BY t.team_id, t.visibility) g
      LEFT JOIN email_teams e ON e.id = g.team_id
    ) c GROUP BY c.team, c.visibility, c.admins`);
  const owners = await db.query<OwnerGroup>(sql`
    SELECT c.owner, sum(c.n) AS n FROM (
      SELECT CASE WHEN g.owner_email IS NULL THEN 'none' WHEN u.email IS NULL THEN 'unknown' ELSE 'known' END AS owner,
             g.n AS n
      FROM (SELECT t.owner_email, count(*) AS n FROM ${t} GROUP BY t.owner_email) g
      LEFT JOIN email_users u ON u.email = g.owner_email
    ) c GROUP BY c.owner`);

  const all = teams.map((group) => ({ ...group, n: Number(group.n) + Number(group.outside) }));
  const teamless = total(all.filter(({ team }) => team === 'none'));
  const ownerless = total(owners.filter(({ owner }) => owner === 'none'));
  const neither =
    teamless === 0 || ownerless === 0
      ? 0
      : await countRows(db, sql`${t} WHERE t.team_id IS NULL AND t.owner_email IS NULL`);
  const seenBy = (visibility: string) => (group: TeamGroup) => group.visibility === visibility;
  const mayBeAdmins = total(teams.filter(seenBy('private')).filter(({ admins }) => Number(admins) === 1));
  return {
    table,
    neither,
    ownerOnly: teamless - neither,
    teamOnly: ownerless - neither,
    unknownTeam: total(all.filter(({ team }) => team === 'unknown')),
    unknownOwner: total(owners.filter(({ owner }) => owner === 'unknown')),
    visibilities: new Map<string, number>(
      VISIBILITIES.map((visibility) => [visibility, total(teams.filter(seenBy(visibility)))] as const),
    ).set(
      '',
      teams.reduce((sum, group) => sum + Number(group.outside), 0),
    ),
    teamVisibilityWithoutTeam: total(teams.filter(seenBy('team')).filter(({ team }) => team === 'none')),
    adminPrivate:
      seed === null || mayBeAdmins === 0
        ? 0
        : await countRows(
            db,
            sql`${t} WHERE t.team_id = ${seed.teamId} AND t.visibility = 'private' AND t.owner_email = ${seed.ownerEmail}`,
          ),
  };
}

function total(groups: readonly { readonly n: number | string }[]): number {
  return groups.reduce((sum, { n }) => sum + Number(n), 0);
}
