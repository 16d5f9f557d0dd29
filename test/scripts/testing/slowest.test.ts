import { expect, test } from 'vitest';
import { slowest } from '../../../scripts/testing/slowest.ts';

test('names the slowest files and tests, the slowest first', () => {
  const test = (fullName: string, duration?: number) => ({
    fullName,
    ...(duration === undefined ? {} : { duration }),
  });
  const report = {
    testResults: [
      { name: '/here/test/a.test.ts', assertionResults: [test(' one', 1_500), test(' two', 1_000)] },
      { name: '/here/test/b.test.ts', assertionResults: [test(' three', 12_340)] },
      { name: '/here/test/c.test.ts', assertionResults: [test(' skipped')] },
    ],
  };
  expect(slowest(report, '/here', 2)).toBe(`The 2 slowest files:
    12.3 s  test/b.test.ts
     2.5 s  test/a.test.ts
The 2 slowest tests:
    12.3 s  test/b.test.ts: three
     1.5 s  test/a.test.ts: one`);
});
