import { nextCommand } from '../checks/next-command.ts';
import type { CheckReport } from '../report/report.ts';
import { isSql } from './check-and-plan.ts';

const REPAIR = 'mcpgw doctor --repair';

/**
 * What to run after the doctor: what mends the first error that `--repair` cannot, then what it can, then what the
 * database is in for. After SQL, which is for another program, that is the doctor again.
 *
 * @param release of the database, as `releaseOf` has it; null when it could not be opened
 */
export function nextAfter(checks: readonly CheckReport[], release: string | null): string {
  const failed = checks.filter(({ status }) => status === 'failed');
  const unmended = failed.filter(({ fixable }) => !fixable);
  if (unmended.length > 0) {
    const command = unmended.map((check) => check.command ?? '').find((text) => text !== '') ?? '';
    if (!isSql(command)) return command;
    // The migration looks at what only it is refused for by itself.
    const isOfMigration = unmended.every(({ id }) => id === 'database.site-objects');
    return isOfMigration && release !== null ? nextCommand(release, [], true) : 'mcpgw doctor';
  }
  const fixable = checks.filter((check) => check.fixable);
  if (fixable.length > 0) {
    // A backup may be better than what a repair could do.
    const better = fixable.map(({ command }) => command ?? REPAIR).find((command) => command !== REPAIR);
    return better ?? REPAIR;
  }
  const isWhole = checks.every(({ status }) => status === 'passed' || status === 'warned');
  return isWhole && release !== null ? nextCommand(release, [], true) : '';
}
