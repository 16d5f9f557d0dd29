import type { Connection } from '../database/connection.ts';
import type { UnfinishedRestore } from '../database/dialect.ts';
import { hasEnded } from '../database/this-process.ts';
import { GatewayError } from '../errors.ts';
import { shellWord } from '../report/shell-word.ts';
import { RESTORE_TABLE } from '../schema/gateway-tables.ts';

/**
 * Half of a restore can look like anything, a whole database included.
 *
 * @throws GatewayError STATE, naming both ways on
 */
export async function refuseUnfinishedRestore(db: Connection): Promise<void> {
  const found = await db.dialect.unfinishedRestore(db);
  if (found === null) return;
  throw new GatewayError('STATE', whatIsUnfinished(found), {
    hint: `${waysOn(found)} Nothing was changed.`,
    next: `mcpgw restore ${shellWord(found.backup)}`,
    details: [`If the database was put right by other means, tell its client: DROP TABLE ${RESTORE_TABLE}`],
  });
}

export function whatIsUnfinished({ since, by }: UnfinishedRestore): string {
  return `A restore has not come to its end: tables are missing or half full. ${by} began it at ${since}.`;
}

/** Back to the backup, or to the state that it was to replace. */
export function waysOn({ backup, safety, by }: UnfinishedRestore): string {
  const back =
    safety === null || safety === backup
      ? ''
      : `, or go back to the state before it: mcpgw restore ${shellWord(safety)}`;
  const again = hasEnded(by)
    ? 'That run has ended. Run it again'
    : 'If it still runs, wait for it. If not, run it again';
  return `${again}: mcpgw restore ${shellWord(backup)}${back}.`;
}
