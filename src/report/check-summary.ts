import { plural } from './plural.ts';
import type { CheckStatus, DraftCheck } from './report.ts';

/** Worst first: the order in which checks are shown and counted. */
export const CHECK_ORDER = [
  'failed',
  'errored',
  'warned',
  'skipped',
  'passed',
] as const satisfies CheckStatus[];

/** The words people read; `errored` is a check that crashed, which is neither a pass nor a finding. */
const WORDS = {
  failed: 'failed',
  errored: 'could not be run',
  warned: 'warned',
  skipped: 'skipped',
  passed: 'passed',
} as const satisfies Record<CheckStatus, string>;

/** How many checks ended in each status. */
export function countChecks(checks: readonly DraftCheck[]): Record<CheckStatus, number> {
  const counts = { failed: 0, errored: 0, warned: 0, skipped: 0, passed: 0 };
  for (const check of checks) counts[check.status] += 1;
  return counts;
}

/** `2 checks failed, 1 warned, 38 passed`, worst first, without zeros; `all 42 checks passed` when true. */
export function summarizeChecks(checks: readonly DraftCheck[]): string {
  const counts = countChecks(checks);
  if (counts.passed === checks.length && checks.length > 1)
    return `all ${plural(checks.length, 'check')} passed`;
  return CHECK_ORDER.filter((status) => counts[status] > 0)
    .map((status, index) => {
      const count = counts[status];
      return `${index === 0 ? plural(count, 'check') : count} ${WORDS[status]}`;
    })
    .join(', ');
}
