import { CLEAN, type DoctorCheck, found } from '../../checks/check.ts';
import { inSavepoint } from '../../database/in-savepoint.ts';
import { openEveryTable } from '../../database/row-counts.ts';
import { GatewayError } from '../../errors.ts';
import type { DatabaseTarget } from '../../settings/database-target.ts';
import type { OpenContext, TargetContext } from '../context.ts';
import { backupClientCheck, gateChecks, type Login } from './login.ts';
import { dnsCheck, type ServerKind, tcpCheck } from './network.ts';

/**
 * What is looked at of every kind of server before the database opens, from the outside in.
 *
 * @param beforeVersion what is asked of this kind only, of a server that lets the user in
 */
export function serverChecks<Target extends DatabaseTarget>(
  kind: ServerKind<Target>,
  login: (context: TargetContext<Target>) => Promise<Login>,
  findClients: Parameters<typeof backupClientCheck<Target>>[1],
  beforeVersion: readonly DoctorCheck<TargetContext<Target>>[] = [],
): readonly DoctorCheck<TargetContext<Target>>[] {
  const gate = gateChecks(kind.product, login);
  return [
    dnsCheck(kind),
    tcpCheck(kind),
    gate('protocol'),
    gate('tls'),
    gate('authentication'),
    gate('database'),
    ...beforeVersion,
    backupClientCheck(login, findClients),
    gate('version'),
  ];
}

/** Whether somebody keeps even readers out. Whatever asks for a table would wait for it in vain, one by one. */
export const readable: DoctorCheck<OpenContext> = {
  id: 'database.readable',
  title: 'No lock keeps readers from the tables',
  level: 'error',
  hint: 'Let it come to an end, or end it where it was begun (a schema change, LOCK TABLE, a forgotten client), and run this again.',
  decisive: true,
  async find({ db, schema }) {
    try {
      await inSavepoint(db, () => openEveryTable(db, schema.keys()));
      return CLEAN;
    } catch (error) {
      const known = error instanceof GatewayError ? error : db.dialect.translateError(error);
      // What this user may not read is the business of the grants.
      if (known?.code === 'PERMISSION') return CLEAN;
      if (known?.code !== 'BUSY') throw error;
      return found([(await db.dialect.readBlocker(db))?.text ?? known.message]);
    }
  },
};
