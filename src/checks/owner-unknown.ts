import { unknownReferenceCheck } from './unknown-reference-check.ts';

/** No row of the owned tables names an owner who is no user. */
export const ownerUnknown = unknownReferenceCheck('owner', {
  id: 'ownership.unknown-owner',
  title: 'Rows of owners who do not exist',
  describe: ({ owner_email }) => `there is no user ${owner_email}`,
});
