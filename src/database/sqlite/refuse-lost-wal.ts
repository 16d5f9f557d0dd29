import { GatewayError } from '../../errors.ts';
import { lostInWal } from '../../salvage/index.ts';

/**
 * Refuses a database with a damaged `-wal` file, before SQLite sees it: opening it for writing brings over what is
 * before the damage and removes the file, and with it what was committed behind; a backup would lack that.
 *
 * @throws GatewayError CORRUPT
 */
export async function refuseLostWal(path: string): Promise<void> {
  const lost = await lostInWal(path);
  if (lost === null) return;
  throw new GatewayError(
    'CORRUPT',
    `The -wal file of ${path} is damaged: what was committed behind the damage would be lost.`,
    {
      details: [lost],
      hint: 'Nothing was changed. Open the database with nothing else and keep all its files; what can be done: mcpgw doctor',
    },
  );
}
