import type { Connection } from '../database/connection.ts';
import type { UnfinishedRestore } from '../database/dialect.ts';
import { hasEnded } from '../database/this-process.ts';
import { GatewayError } from '../errors.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
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
    hint: advise`${waysOn(found)} Nothing was changed.`,
    details: [`If the database was put right by other means, tell its client: DROP TABLE ${RESTORE_TABLE}`],
  });
}

export function whatIsUnfinished({ since, by }: UnfinishedRestore): string {
  return `A restore has not come to its end: tables are missing or half full. ${by} began it at ${since}.`;
}

/** Back to the backup, or to the state that it was to replace. */
export function waysOn({ backup, safety, by }: UnfinishedRestore): Text {
  const back =
    safety === null || safety === backup
      ? ''
      : advise`, or go back to the state before it: ${mcpgw('restore', safety)}`;
  const again = hasEnded(by)
    ? 'That run has ended. Run it again'
    : 'If it still runs, wait for it. If not, run it again';
  return advise`${again}: ${mcpgw('restore', backup)}${back}.`;
}
