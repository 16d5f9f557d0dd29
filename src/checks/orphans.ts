import { sql } from 'kysely';
import { assignOrphans, findOrphans, type Orphans } from '../ownership/orphans.ts';
import { advise, mcpgw } from '../report/advice.ts';
import { plural } from '../report/plural.ts';
import type { Check } from './check.ts';
import { inKeyRanges } from './in-key-ranges.ts';
import { nobodyToGiveTo } from './no-admin.ts';
import { findOwnedRows, OWNERSHIP_TABLES, type OwnedProblem } from './owned-rows.ts';
import { scanOwnedTables } from './owned-table-scan.ts';
import { ownershipAssignment } from './ownership-assignment.ts';
import { perContext } from './per-context.ts';
import { withObstacles } from './with-obstacles.ts';

const ORPHANED: OwnedProblem = {
  count: ({ neither, ownerOnly, teamOnly }) => neither + ownerOnly + teamOnly,
  rows: sql`(t.team_id IS NULL OR t.owner_email IS NULL)`,
  describe: ({ team_id, owner_email }) => {
    if (team_id === null && owner_email === null) return 'no team and no owner';
    return team_id === null ? `no team (owner ${owner_email})` : `no owner (team ${team_id})`;
  },
};

/** The orphans of every table that has some; null without an administrator. */
const orphansByTable = perContext(async (context): Promise<readonly Orphans[] | null> => {
  const planned = await ownershipAssignment(context);
  if (planned === null) return null;
  const found: Orphans[] = [];
  for (const counts of (await scanOwnedTables(context)).tables) {
    if (ORPHANED.count(counts) === 0) continue;
    found.push(await findOrphans(context.db, counts.table, planned.assignment, counts));
  }
  return found;
});

const HINT = advise`Run: ${mcpgw('fix', '--only', 'ownership.orphans')}`;

/** Every row of the owned tables has a team and an owner. */
export const orphans: Check = {
  id: 'ownership.orphans',
  title: 'Rows without team or owner',
  level: 'error',
  requires: OWNERSHIP_TABLES,
  hint: HINT,
  async find(context) {
    const findings = await findOwnedRows(context, ORPHANED);
    if (findings.count === 0) return findings;
    const found = await orphansByTable(context);
    return found === null ? nobodyToGiveTo(context, findings) : withObstacles(findings, found, HINT);
  },
  async repair(context) {
    const planned = await ownershipAssignment(context);
    const found = await orphansByTable(context);
    if (planned === null || found === null) return null;
    const { tables } = await scanOwnedTables(context);
    const { assignment } = planned;
    const summary: string[] = [];
    const statements = [];
    for (const orphans of found) {
      const { table, neither, ownerOnly, teamOnly, collisionCount, unresolvable } = orphans;
      const counts = tables.find((other) => other.table === table);
      const rows = neither + ownerOnly + teamOnly;
      const wary = counts !== undefined && counts.unknownTeam + counts.unknownOwner > 0;
      const assigned = assignOrphans(context.db, orphans, assignment, { wary });
      if (assigned.length === 0) continue;
      statements.push(...(await inKeyRanges(context.db, table.name, rows, assigned)));
      const left = collisionCount + unresolvable;
      const parts = [
        neither > 0
          ? `${neither} to ${assignment.ownerEmail}, team ${assignment.teamId}, ${assignment.visibility}`
          : '',
        ownerOnly > 0
          ? `${ownerOnly} to ${assignment.forcedTeamId ?? 'the personal team of their owner'}`
          : '',
        teamOnly > 0 ? `${teamOnly} to ${assignment.forcedOwnerEmail ?? 'the owner of their team'}` : '',
      ].filter((part) => part !== '');
      summary.push(
        `${table.name}: ${plural(rows, 'row')}: ${parts.join('; ')}${left > 0 ? `; ${left} of them stay as they are` : ''}`,
      );
    }
    return statements.length === 0 ? null : { summary, statements: [...planned.before, ...statements] };
  },
};
