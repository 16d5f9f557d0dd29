import { sql } from 'kysely';
import { advise, mcpgw } from '../report/advice.ts';
import type { Check, CheckContext } from './check.ts';
import { findOwnedRows, OWNERSHIP_TABLES, type OwnedProblem } from './owned-rows.ts';
import { updateOwnedRows } from './owned-rows-update.ts';

function adminPrivate({ seed }: CheckContext): OwnedProblem {
  return {
    count: (counts) => counts.adminPrivate,
    rows: sql`(t.visibility = 'private' AND t.owner_email = ${seed?.ownerEmail} AND t.team_id = ${seed?.teamId})`,
    describe: () => 'seen by the administrator only',
  };
}

/**
 * Private rows of the administrator. The fix script that came with v0.7.0 of the gateway leaves what everybody
 * used to see in this state; rows that are private on purpose look the same, so only a flag changes them.
 */
export const privateRows: Check = {
  id: 'ownership.private',
  title: 'Private rows of the administrator',
  level: 'info',
  requires: OWNERSHIP_TABLES,
  hint: advise`If others should see them: ${mcpgw('fix', '--only', 'ownership.private', '--visibility', 'public')}`,
  async find(context) {
    if (context.seed === null) return { count: 0, sample: [], skipped: 'there is no administrator' };
    return findOwnedRows(context, adminPrivate(context));
  },
  async repair(context) {
    const { visibility } = context.overrides;
    if (visibility === undefined || visibility === 'private') return null;
    return updateOwnedRows(
      context,
      adminPrivate(context),
      sql`visibility = ${visibility}`,
      `of the administrator made ${visibility}`,
    );
  },
};
