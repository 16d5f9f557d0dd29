import { ExitCode } from '../errors.ts';
import { commandIn } from '../report/command-in.ts';
import { isRefusal } from '../report/refusal.ts';
import type { Outcome } from './outcome.ts';

/**
 * What a dry run ends with: it is no success where one of its warnings says that the run would be refused, and what
 * comes next is not the run, but what that warning advises.
 */
export function endDryRun(outcome: Outcome): Outcome {
  const refusals = (outcome.warnings ?? []).filter(isRefusal);
  if (refusals.length === 0) return outcome;
  const next = refusals.map(commandIn).find((command) => command !== '') ?? '';
  return { ...outcome, exitCode: ExitCode.findings, next };
}
