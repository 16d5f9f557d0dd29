import { unknownReferenceCheck } from './unknown-reference-check.ts';

/** No row of the owned tables names a team that does not exist. */
export const teamUnknown = unknownReferenceCheck('team', {
  id: 'ownership.unknown-team',
  title: 'Rows of teams that do not exist',
  describe: ({ team_id }) => `there is no team ${team_id}`,
});
