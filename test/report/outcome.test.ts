import { describe, expect, it } from 'vitest';
import { outcome } from '../../src/report/outcome.ts';
import type { Report, StepReport } from '../../src/report/report.ts';
import { checkWith, reportWith } from './fixtures.ts';

function step(status: StepReport['status'], more: Partial<StepReport> = {}): StepReport {
  return { id: status, title: status, status, rows: null, durationMs: 500, ...more };
}

const error = { code: 'STATE' as const, message: 'm', hint: '', details: [] };

describe('outcome', () => {
  it.each<[string, Partial<Report>, string]>([
    ['nothing to tell', {}, ''],
    ['done', { steps: [step('done'), step('done'), step('already')] }, 'Done: 2 steps in 1.0 s.'],
    [
      'a second run',
      { steps: [step('already'), step('skipped')] },
      'Nothing to do: everything was in place already.',
    ],
    ['pending', { status: 'findings', steps: [step('planned')] }, '1 step pending.'],
    [
      'a dry run',
      { steps: [step('planned', { statements: ['x'] }), step('already')] },
      'Dry run: nothing was written, 1 of 2 steps planned.',
    ],
    [
      'a dry run of what would be refused',
      {
        status: 'findings',
        steps: [step('planned', { statements: ['x'] }), step('already', { statements: ['y'] })],
      },
      'Dry run: nothing was written, 1 of 2 steps planned, and a run would refuse: see the warnings.',
    ],
    [
      'repairs',
      { checks: [checkWith({ repaired: 1200 }), checkWith({ repaired: 1, remaining: 0 })] },
      '1,201 findings repaired, none left; all 2 checks passed.',
    ],
    [
      'nothing to repair',
      { checks: [checkWith({ repaired: 0, remaining: 0 }), checkWith({ repaired: 0, remaining: 0 })] },
      'All 2 checks passed.',
    ],
    [
      'repairs with a rest',
      { status: 'findings', checks: [checkWith({ id: 'a', status: 'failed', repaired: 1, remaining: 2 })] },
      '1 finding repaired, 2 findings left; 1 of 1 check needs attention: a.',
    ],
    ['findings elsewhere', { status: 'findings' }, 'There are findings.'],
    ['refused', { status: 'refused', error }, 'Nothing was changed.'],
    [
      'refused after a step, which breaks the contract',
      { status: 'refused', error, steps: [step('done')] },
      '',
    ],
    ['a bug', { status: 'refused', error: { ...error, code: 'INTERNAL' } }, 'This is a bug in mcpgw.'],
    ['locked', { status: 'locked', error }, 'Nothing was changed.'],
    [
      'partial',
      { status: 'partial', error, steps: [step('done'), step('already'), step('failed')] },
      'Stopped part-way: 2 of 3 steps done. Running the command again goes on from there.',
    ],
    ['interrupted', { status: 'interrupted' }, 'Stopped at a safe point. Running the command again is safe.'],
  ])('%s', (_, report, text) => {
    expect(outcome(reportWith(report))).toBe(text);
  });
});
