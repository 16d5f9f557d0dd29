import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';

/**
 * Refuses a run that would fail half way for want of privileges.
 *
 * @param what runs: `the migration`
 * @param tables every table that is there
 * @throws GatewayError PERMISSION
 */
export async function refuseWithoutPrivileges(
  db: Connection,
  what: string,
  tables: readonly string[],
): Promise<void> {
  const missing = await db.dialect.missingPrivileges(db, tables);
  if (missing.length === 0) return;
  throw new GatewayError('PERMISSION', `This user may not do everything that ${what} does.`, {
    details: missing,
    hint: 'Grant what is missing, or use the user that owns the gateway’s tables. Nothing was changed.',
  });
}
