import fc from 'fast-check';
import { expect, it } from 'vitest';
import { editDistance } from '../../src/settings/edit-distance.ts';
import { lettersOf, mayBeNear } from '../../src/settings/letters-of.ts';

it('never keeps two words apart that are near', () => {
  const word = fc.string({ unit: fc.constantFrom(...'ABCDEFGH_1'), maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(mayBeNear(lettersOf(a), lettersOf(b), editDistance(a, b, 8))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

it.each([
  ['DATABASE_URL', 'DATABASE_ULR', 0, true],
  ['DATABASE_URL', 'DATABASE_XYL', 1, false],
  ['DATABASE_URL', 'DATABASE_XYL', 2, true],
  ['DATABASE_URL', 'HOSTNAME', 2, false],
])('“%s” and “%s” may be %i apart: %s', (a, b, edits, may) => {
  expect(mayBeNear(lettersOf(a), lettersOf(b), edits)).toBe(may);
});
