import { summarizeChecks } from './check-summary.ts';
import { duration } from './duration.ts';
import { plural } from './plural.ts';
import type { Draft } from './report.ts';

/**
 * One sentence that says how the run ended, for every renderer; empty when the tables say it all.
 * For refusals it repeats the promise of the exit codes (README): 2 and 4 mean that nothing was changed.
 */
export function outcome(report: Draft): string {
  switch (report.status) {
    case 'refused':
      return refused(report);
    case 'locked':
      return 'Nothing was changed.';
    case 'partial':
      return `Stopped part-way${stepsDone(report)}. Running the command again goes on from there.`;
    case 'interrupted':
      return 'Stopped at a safe point. Running the command again is safe.';
    case 'ok':
    case 'findings':
      return finished(report);
  }
}

function refused(report: Draft): string {
  // A crash inside the tool, or steps done before a refusal, break the contract: promise nothing then.
  if (report.error?.code === 'INTERNAL') return 'This is a bug in mcpgw.';
  return report.steps.some((step) => step.status === 'done') ? '' : 'Nothing was changed.';
}

function finished(report: Draft): string {
  const parts = [stepsPart(report), repairsPart(report), checksPart(report)].filter((part) => part !== '');
  const text = parts.join('; ');
  if (text === '') return report.status === 'findings' ? 'There are findings.' : '';
  return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

function stepsPart({ steps, status }: Draft): string {
  const planned = steps.filter((step) => step.status === 'planned').length;
  if (steps.some((step) => step.statements !== undefined)) {
    const refused = status === 'findings' ? ', and a run would refuse: see the warnings' : '';
    return `dry run: nothing was written, ${planned} of ${plural(steps.length, 'step')} planned${refused}`;
  }
  if (planned > 0) return `${plural(planned, 'step')} pending`;
  const done = steps.filter((step) => step.status === 'done');
  if (done.length > 0) {
    return `done: ${plural(done.length, 'step')} in ${duration(done.reduce((sum, step) => sum + step.durationMs, 0))}`;
  }
  return steps.length > 0 ? 'nothing to do: everything was in place already' : '';
}

function repairsPart({ checks }: Draft): string {
  const fixed = checks.filter((check) => check.repaired !== undefined);
  if (fixed.length === 0) return '';
  const repaired = fixed.reduce((sum, check) => sum + (check.repaired ?? 0), 0);
  const remaining = fixed.reduce((sum, check) => sum + (check.remaining ?? 0), 0);
  if (repaired + remaining === 0) return '';
  return `${plural(repaired, 'finding')} repaired, ${remaining === 0 ? 'none' : plural(remaining, 'finding')} left`;
}

function checksPart({ checks }: Draft): string {
  const worst = checks.filter((check) => check.status === 'failed' || check.status === 'errored');
  if (worst.length === 0) return summarizeChecks(checks);
  const need = worst.length === 1 ? 'needs' : 'need';
  return `${worst.length} of ${plural(checks.length, 'check')} ${need} attention: ${worst.map((check) => check.id).join(', ')}`;
}

function stepsDone({ steps }: Draft): string {
  // An error says by itself how far it got.
  if (steps.length === 0) return '';
  const done = steps.filter((step) => step.status === 'done' || step.status === 'already').length;
  return `: ${done} of ${plural(steps.length, 'step')} done`;
}
