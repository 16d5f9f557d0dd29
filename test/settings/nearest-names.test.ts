import { expect, test } from 'vitest';
import { nearestNames, nearestTo } from '../../src/settings/nearest-names.ts';

const NAMES = ['Engineering', 'Engine Room', 'Sales', 'Support', 'engineering-old'];

test.each([
  ['enginering', ['Engineering']],
  ['engineering', ['Engineering', 'engineering-old']],
  ['Salse', ['Sales']],
  ['engine', ['Engine Room', 'Engineering', 'engineering-old']],
  ['marketing', []],
  ['', []],
])('%s', (typed, near) => {
  expect(nearestNames(typed, NAMES)).toEqual(near);
});

test('is said behind what is unknown', () => {
  expect(nearestTo('salse', NAMES)).toBe(' Nearest: Sales.');
  expect(nearestTo('marketing', NAMES)).toBe('');
});
