import { expect, test } from 'vitest';
import { closing, type VitestReport } from '../../../scripts/testing/closing-line.ts';

const green: VitestReport = {
  numPassedTests: 7,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [{ status: 'passed', assertionResults: [{ status: 'passed' }] }],
};

test('counts, and passes when nothing failed', () => {
  expect(closing(green, 0)).toEqual({ line: '7 passed, 0 failed, 3 skipped', exitCode: 0 });
});

test('a failed test fails the run', () => {
  const report = {
    ...green,
    numFailedTests: 1,
    testResults: [{ status: 'failed', assertionResults: [{ status: 'failed' }] }],
  };
  expect(closing(report, 1)).toEqual({ line: '7 passed, 1 failed, 3 skipped', exitCode: 1 });
});

test('a file that could not be run at all counts as a failure', () => {
  const report = { ...green, testResults: [{ status: 'failed', assertionResults: [] }] };
  expect(closing(report, 1)).toEqual({ line: '7 passed, 1 failed, 3 skipped', exitCode: 1 });
});

test('no test that ran is a failure', () => {
  expect(closing({ ...green, numPassedTests: 0 }, 0).exitCode).toBe(1);
  expect(closing(undefined, 0)).toEqual({ line: '0 passed, 0 failed, 0 skipped', exitCode: 1 });
});

test("vitest's own failure is never lost", () => {
  expect(closing(green, 1).exitCode).toBe(1);
});
