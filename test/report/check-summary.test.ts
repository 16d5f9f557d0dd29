import { describe, expect, it } from 'vitest';
import { countChecks, summarizeChecks } from '../../src/report/check-summary.ts';
import type { CheckStatus } from '../../src/report/report.ts';
import { checkWith } from './fixtures.ts';

const checks = (...statuses: CheckStatus[]) => statuses.map((status) => checkWith({ status }));

describe('check summary', () => {
  it('counts each status', () => {
    expect(countChecks(checks('passed', 'failed', 'failed', 'errored'))).toEqual({
      passed: 1,
      failed: 2,
      warned: 0,
      skipped: 0,
      errored: 1,
    });
  });

  it.each<[CheckStatus[], string]>([
    [[], ''],
    [['passed'], '1 check passed'],
    [['passed', 'passed'], 'all 2 checks passed'],
    [['skipped', 'passed'], '1 check skipped, 1 passed'],
    [['errored'], '1 check could not be run'],
    [['passed', 'warned', 'failed', 'failed'], '2 checks failed, 1 warned, 1 passed'],
  ])('%j: %s', (statuses, text) => {
    expect(summarizeChecks(checks(...statuses))).toBe(text);
  });
});
