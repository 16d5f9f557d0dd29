import { ExitCode, type GatewayError } from '../errors.ts';
import { advise } from '../report/advice.ts';
import { reasonOf } from '../report/refusal.ts';
import type { Outcome } from './outcome.ts';

/**
 * What a dry run ends with: it is no success where the run would be refused, and what comes next is not the run,
 * but what the refusal advises.
 *
 * @param refusals why the run would be refused before its first write
 */
export function endDryRun(outcome: Outcome, refusals: readonly GatewayError[]): Outcome {
  if (refusals.length === 0) return outcome;
  // All that looks at a damaged file finds the damage: what a run stops at says it.
  const damage = refusals.find(({ code }) => code === 'CORRUPT');
  const told = damage === undefined ? refusals : [damage];
  return {
    ...outcome,
    warnings: [
      ...told.map((error) => advise`A run would refuse: ${reasonOf(error)}`),
      ...(outcome.warnings ?? []),
    ],
    exitCode: ExitCode.findings,
    next: told.find(({ next }) => next !== undefined)?.next,
  };
}
