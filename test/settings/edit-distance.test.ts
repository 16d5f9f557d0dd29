import fc from 'fast-check';
import { expect, it } from 'vitest';
import { editDistance } from '../../src/settings/edit-distance.ts';

it.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['abc', 'abc', 0],
  ['abc', 'ab', 1],
  ['abc', 'acb', 1],
  ['abcd', 'badc', 2],
  ['kitten', 'sitting', 3],
])('from “%s” to “%s” it is %i', (a, b, distance) => {
  expect(editDistance(a, b, 9)).toBe(distance);
  expect(editDistance(b, a, 9)).toBe(distance);
});

it('is the same up to where it stops counting, and infinite beyond', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 9 });
  fc.assert(
    fc.property(word, word, fc.nat({ max: 9 }), (a, b, atMost) => {
      const distance = editDistance(a, b, 20);
      expect(editDistance(a, b, atMost)).toBe(distance <= atMost ? distance : Number.POSITIVE_INFINITY);
    }),
  );
});
