import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { refuseWithoutPrivileges } from '../migrate/refuse-without-privileges.ts';
import { advise, type Text } from '../report/advice.ts';
import { reasonOf } from '../report/refusal.ts';
import type { Session } from './session.ts';

/** A dry run is made on purpose by a user who may only read: that the run is for another is no failure of the plan. */
const OF_THIS_USER: ReadonlySet<string> = new Set(['PERMISSION', 'READ_ONLY']);

/**
 * For `--dry-run`: why a run would be refused before its first write, as far as that shows without writing.
 *
 * @param checked what would run, `the migration`, and every table that is there; null where the run does not look
 *   at privileges first
 * @returns refusals, and warnings of what only this user may not
 */
export async function runRefusals(
  { loaded: { target } }: Session,
  db: Connection,
  checked: { readonly what: string; readonly tables: readonly string[] } | null,
): Promise<{ readonly refusals: readonly GatewayError[]; readonly warnings: readonly Text[] }> {
  const ways: (() => Promise<void>)[] = [];
  if (checked !== null) ways.push(() => refuseWithoutPrivileges(db, checked.what, checked.tables));
  if (target.dialect === 'sqlite') {
    const { refuseUnready } = await import('../doctor/sqlite/refuse-unready.ts');
    ways.push(() => refuseUnready(db, target));
  }
  const refusals: GatewayError[] = [];
  const warnings: Text[] = [];
  for (const way of ways) {
    try {
      await way();
    } catch (error) {
      const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
      if (known === null) throw error;
      if (OF_THIS_USER.has(known.code))
        warnings.push(advise`A run as this user would refuse: ${reasonOf(known)}`);
      else refusals.push(known);
    }
  }
  return { refusals, warnings };
}
