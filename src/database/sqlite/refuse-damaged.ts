import { GatewayError } from '../../errors.ts';
import type { Connection } from '../connection.ts';
import { readDamage } from './read-damage.ts';

/**
 * Refuses a file with damaged pages before anything is written to it: those that a run does not read would
 * otherwise be found only when it is too late.
 *
 * @throws GatewayError CORRUPT; the driver's own error where the damage stops the check itself
 */
export async function refuseDamaged(db: Connection, path: string): Promise<void> {
  const damage = await readDamage(db, 'quick');
  if (damage.length === 0) return;
  throw new GatewayError('CORRUPT', `${path} is damaged.`, {
    details: damage.slice(0, 5),
    hint: 'Nothing was changed. Restore a backup, or salvage what is left of it: mcpgw doctor --repair',
  });
}
