import { sql } from 'kysely';
import { isOutside, VISIBILITIES } from '../ownership/visibility.ts';
import { advise, mcpgw } from '../report/advice.ts';
import type { Check, CheckContext } from './check.ts';
import { findOwnedRows, OWNERSHIP_TABLES, type OwnedProblem } from './owned-rows.ts';
import { updateOwnedRows } from './owned-rows-update.ts';

const outside = ({ db }: CheckContext): OwnedProblem => ({
  count: ({ visibilities }) => visibilities.get('') ?? 0,
  rows: isOutside(db.dialect, 't.visibility', VISIBILITIES),
  describe: ({ visibility }) => (visibility === null ? 'no visibility' : `visibility “${visibility}”`),
});

/** Every row of the owned tables has one of the three visibilities. */
export const visibilityDomain: Check = {
  id: 'ownership.visibility',
  title: 'Visibility is private, team or public',
  level: 'error',
  requires: OWNERSHIP_TABLES,
  hint: advise`They become private; choose another with --visibility.\nRun: ${mcpgw('fix', '--only', 'ownership.visibility')}`,
  find: (context) => findOwnedRows(context, outside(context)),
  repair(context) {
    // Nobody can say what was meant. Private shows a row to fewer people than that, perhaps, but never to more.
    const { visibility = 'private' } = context.overrides;
    const value =
      visibility === 'team'
        ? sql`CASE WHEN t.team_id IS NULL THEN 'private' ELSE 'team' END`
        : sql`${visibility}`;
    return updateOwnedRows(context, outside(context), sql`visibility = ${value}`, `made ${visibility}`);
  },
};
