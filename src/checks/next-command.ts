import { type Command, commandsIn, mcpgw, nextIn } from '../report/advice.ts';
import type { DraftCheck } from '../report/report.ts';
import { isProblem } from './run-check.ts';

/**
 * The command that repairs what the checks found; none where none does.
 *
 * @param release of the database, as `releaseOf` has it
 * @param migrated a migration of this tool has been through every step; what it brings goes before a repair
 * @param setAside tables of rows that a salvage could not place: they are looked at before a repair
 */
export function nextCommand(
  release: string,
  reports: readonly DraftCheck[],
  migrated: boolean,
  setAside: readonly string[] = [],
): Command | undefined {
  if (reports.some(needsDoctor)) return mcpgw('doctor');
  // What state it is in, and that nothing can be done with it here, is a finding of its own.
  if (release === 'unknown') return undefined;
  if (release !== '0.7.0') return mcpgw('migrate');
  if (reports.some(({ status, fixable }) => status === 'failed' && fixable)) {
    if (setAside.length > 0) return mcpgw('doctor');
    return mcpgw(migrated ? 'fix' : 'migrate');
  }
  return reports.some(needsMigration) ? mcpgw('migrate') : undefined;
}

/** Whether a check found damage, or met it: its hint says so. No repair of rows goes before that. */
export function needsDoctor(report: DraftCheck): boolean {
  return isProblem(report) && commandsIn(report.hint).some((command) => command.is('doctor'));
}

/** Whether a check found what `fix` cannot repair and `migrate` can: its hint says so. */
export function needsMigration(report: DraftCheck): boolean {
  return isProblem(report) && !report.fixable && nextIn(report.hint)?.is('migrate') === true;
}
