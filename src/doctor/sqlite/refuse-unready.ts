import { constants } from 'node:fs';
import { dirname } from 'node:path';
import type { Connection } from '../../database/connection.ts';
import { refuseDamaged, refuseLostWal } from '../../database/sqlite/refusals.ts';
import { GatewayError } from '../../errors.ts';
import { advise, mcpgw } from '../../report/advice.ts';
import type { SqliteTarget } from '../../settings/database-target.ts';
import { accessProblem } from './access.ts';
import { realFile } from './file-check.ts';

/**
 * Refuses, without writing, a file that a run would refuse once it has its lock: that cannot be written, or is
 * damaged.
 *
 * @param db the file opened for reading
 * @throws GatewayError READ_ONLY, CORRUPT; the driver's own error where damage stops the check itself
 */
export async function refuseUnready(db: Connection, target: SqliteTarget): Promise<void> {
  const { path, readOnly } = target;
  if (readOnly) {
    throw new GatewayError('READ_ONLY', `${path} is opened read-only: DATABASE_URL says mode=ro.`, {
      hint: 'Take mode=ro out of DATABASE_URL.',
    });
  }
  const file = realFile(target);
  const problem =
    (await accessProblem(file, constants.W_OK)) ??
    (await accessProblem(dirname(file), constants.W_OK | constants.X_OK));
  if (problem !== null) {
    throw new GatewayError('READ_ONLY', `${problem.text}.`, {
      hint: advise`Run it as a user who may write the file and its folder; what else gives access: ${mcpgw('doctor')}`,
    });
  }
  await refuseLostWal(path);
  await refuseDamaged(db, path);
}
