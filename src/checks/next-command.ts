import type { CheckReport } from '../report/report.ts';
import { needsDoctor } from './needs-doctor.ts';
import { needsMigration } from './needs-migration.ts';

/**
 * The command that mends what the checks found; empty where none does.
 *
 * @param release of the database, as `releaseOf` has it
 * @param migrated a migration of this tool has been through every step; what it brings goes before a repair
 * @param setAside tables of rows that a salvage could not place: they are looked at before a repair
 */
export function nextCommand(
  release: string,
  reports: readonly CheckReport[],
  migrated: boolean,
  setAside: readonly string[] = [],
): '' | 'mcpgw doctor' | 'mcpgw migrate' | 'mcpgw fix' {
  if (reports.some(needsDoctor)) return 'mcpgw doctor';
  // What state it is in, and that nothing can be done with it here, is a finding of its own.
  if (release === 'unknown') return '';
  if (release !== '0.7.0') return 'mcpgw migrate';
  if (reports.some(({ status, fixable }) => status === 'failed' && fixable)) {
    if (setAside.length > 0) return 'mcpgw doctor';
    return migrated ? 'mcpgw fix' : 'mcpgw migrate';
  }
  return reports.some(needsMigration) ? 'mcpgw migrate' : '';
}
