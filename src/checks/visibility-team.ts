import { sql } from 'kysely';
import { sparingCollisions } from '../ownership/collisions.ts';
import { advise, mcpgw } from '../report/advice.ts';
import type { Check } from './check.ts';
import { findOwnedRows, OWNERSHIP_TABLES, type OwnedProblem } from './owned-rows.ts';
import { updateOwnedRows } from './owned-rows-update.ts';
import { scanOwnedTables } from './owned-table-scan.ts';

const TEAMLESS: OwnedProblem = {
  count: ({ teamVisibilityWithoutTeam }) => teamVisibilityWithoutTeam,
  rows: sql`(t.visibility = 'team' AND t.team_id IS NULL)`,
  describe: () => 'visible to its team, but has none',
};

/** Only rows with a team are visible to their team. */
export const visibilityTeam: Check = {
  id: 'ownership.team-visibility',
  title: 'Visibility team only with a team',
  level: 'error',
  requires: OWNERSHIP_TABLES,
  hint: advise`They become private; choose otherwise with --team or --visibility public.\nRun: ${mcpgw('fix', '--only', 'ownership.team-visibility')}`,
  find: (context) => findOwnedRows(context, TEAMLESS),
  async repair(context) {
    const { visibility, teamId } = context.overrides;
    // Private is what the gateway makes of it already: nobody but the owner sees such a row.
    const value = visibility === 'public' ? 'public' : 'private';
    const repair = await updateOwnedRows(context, TEAMLESS, sql`visibility = ${value}`, `made ${value}`);
    if (repair === null || teamId === undefined) return repair;
    const joined = (await scanOwnedTables(context)).tables
      .filter((counts) => TEAMLESS.count(counts) > 0)
      .map(({ table }) => {
        const team = sql`${teamId}`;
        const spared = sparingCollisions({
          table,
          rows: TEAMLESS.rows,
          team,
          owner: sql.ref('t.owner_email'),
        });
        const kept = sql.raw(context.db.dialect.kept(table.name));
        const update = sql`UPDATE ${sql.table(table.name)} AS t SET team_id = ${team}${kept} WHERE ${TEAMLESS.rows}${spared}`;
        return { ...context.db.compile(update), counts: 'assigned' as const, table: table.name };
      });
    return {
      summary: [
        `rows visible to a team they do not have join team ${teamId}; where a name is taken:`,
        ...repair.summary,
      ],
      statements: [...joined, ...repair.statements],
    };
  },
};
