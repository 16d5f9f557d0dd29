import type { Connection } from '../database/connection.ts';
import { GatewayError } from '../errors.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import type { Schema } from '../schema/model.ts';
import { activeAdmins } from '../seed/default-password.ts';
import { doctorContext } from './doctor-context.ts';
import type { GlobalOptions } from './options.ts';
import type { Session } from './session.ts';

/**
 * Looks, before anything is written, at what the doctor knows to make a migration fail or go badly.
 *
 * @param tableWaitMs how long a table that somebody has locked is waited for
 * @returns warnings, and why a run would refuse
 */
export async function preflightOf(
  session: Session,
  options: GlobalOptions,
  db: Connection,
  schema: Schema,
  tableWaitMs?: number,
): Promise<{ readonly warnings: readonly Text[]; readonly refusal: GatewayError | null }> {
  const { preflight } = await import('../doctor/preflight.ts');
  const { refusals, warnings } = await preflight(
    db,
    {
      ...doctorContext(session.io, options),
      connect: (access, use) => session.connect({ access, retries: 0 }, use),
    },
    session.loaded.target,
    schema,
    tableWaitMs,
  );
  if (refusals.length === 0) {
    return { warnings: [...warnings, ...(await defaultPasswords(db, schema))], refusal: null };
  }
  const worst = db.dialect.transactionalDdl ? '' : ', and part-way at the worst';
  const refusal = new GatewayError('PREFLIGHT', `The migration would fail here${worst}.`, {
    details: refusals,
    hint: advise`Nothing was changed. What each of these means, and the command that repairs it: ${mcpgw('doctor')}`,
  });
  return { warnings, refusal };
}

/** The same for a run. @throws GatewayError PREFLIGHT */
export async function preflightBefore(...args: Parameters<typeof preflightOf>): Promise<readonly Text[]> {
  const { warnings, refusal } = await preflightOf(...args);
  if (refusal !== null) throw refusal;
  return warnings;
}

/** Administrators that the database has already, whose password everybody can look up. */
async function defaultPasswords(db: Connection, schema: Schema): Promise<Text[]> {
  const admins = await activeAdmins(db, schema);
  return admins
    .filter((admin) => admin.hasDefaultPassword)
    .map(
      ({ email }) =>
        advise`The administrator ${email} has the gateway’s default password, which everybody can look up. Once the database is migrated: ${mcpgw('fix', '--only', 'admin.password-default')}`,
    );
}
