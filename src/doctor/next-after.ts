import { nextCommand } from '../checks/next-command.ts';
import { Command, mcpgw } from '../report/advice.ts';
import type { DraftCheck } from '../report/report.ts';

/**
 * What to run after the doctor: what repairs the first error that `--repair` cannot, then what it can, then what the
 * database is in for. After SQL, which is for another program, that is the doctor again.
 *
 * @param release of the database, as `releaseOf` has it; null when it could not be opened
 */
export function nextAfter(checks: readonly DraftCheck[], release: string | null): Command | undefined {
  const failed = checks.filter(({ status }) => status === 'failed');
  const unmended = failed.filter(({ fixable }) => !fixable);
  if (unmended.length > 0) {
    const command = commandsOf(unmended)[0];
    if (command?.kind !== 'sql') return command;
    // The migration looks at what only it is refused for by itself.
    const isOfMigration = unmended.every(({ id }) => id === 'database.site-objects');
    return isOfMigration && release !== null ? nextCommand(release, [], true) : mcpgw('doctor');
  }
  const fixable = checks.filter((check) => check.fixable);
  if (fixable.length > 0) {
    // A backup may be better than what a repair could do.
    const better = commandsOf(fixable).find((command) => !command.is('doctor'));
    return better ?? mcpgw('doctor', '--repair');
  }
  const isWhole = checks.every(({ status }) => status === 'passed' || status === 'warned');
  return isWhole && release !== null ? nextCommand(release, [], true) : undefined;
}

function commandsOf(checks: readonly DraftCheck[]): Command[] {
  return checks.flatMap(({ command }) => (command instanceof Command ? [command] : []));
}
