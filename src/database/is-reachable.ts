import { GatewayError } from '../errors.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import { openDatabase } from './drivers.ts';
import { saidByServer } from './said-by-server.ts';

/** Whether the server answers on a new connection; a refusal is an answer, too. */
export async function isReachable(target: DatabaseTarget, connectTimeoutMs: number): Promise<boolean> {
  try {
    const { cut } = await openDatabase(target, { access: 'read', create: false, connectTimeoutMs });
    cut?.();
    return true;
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'UNREACHABLE') return true;
    return saidByServer(error.cause);
  }
}
