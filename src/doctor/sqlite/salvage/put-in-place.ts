import { existsSync, linkSync, renameSync } from 'node:fs';
import type { UntouchedCopy } from '../../../backup/back-up-untouched.ts';
import { GatewayError } from '../../../errors.ts';
import { giveName } from '../../../files/new-file.ts';
import type { SqliteTarget } from '../../../settings/database-target.ts';
import type { TargetContext } from '../../context.ts';
import { realFile } from '../file/file-check.ts';
import { holdersOf } from '../file/holders.ts';
import { isSameFile } from './earlier-salvage.ts';

/**
 * Puts a new file in the place of a damaged database by a rename. The damaged one keeps everything: it lies under
 * another name with its -wal and -journal, under theirs.
 *
 * @param copy what the new file was made from: a database that changed since is left alone
 * @throws GatewayError BUSY, with everything as it was
 */
export async function putInPlace(
  context: TargetContext<SqliteTarget>,
  draft: string,
  damaged: string,
  copy: UntouchedCopy,
  signal: AbortSignal,
): Promise<void> {
  const path = realFile(context.target);
  await refuseChanged(path, copy.file, signal);
  if (copy.wal !== null) await refuseChanged(`${path}-wal`, copy.wal, signal);
  await refuseWhileOpen(context);
  keepUnderOtherName(path, damaged);
  // A new database must not find a -wal that is not its own.
  for (const suffix of ['-wal', '-shm', '-journal']) {
    if (existsSync(path + suffix)) giveName(path + suffix, damaged + suffix);
  }
  giveName(draft, path, { replace: true });
}

/** @throws GatewayError BUSY when another process has the database open, as far as that can be seen */
export async function refuseWhileOpen(context: TargetContext<SqliteTarget>): Promise<void> {
  // Asked anew each time: a copy of the context has no answer from before.
  const { open } = await holdersOf({ ...context });
  if (open.length === 0) return;
  const path = realFile(context.target);
  throw new GatewayError('BUSY', `${path} is in use: ${open.map(({ text }) => text).join(', ')}.`, {
    hint: 'Stop the gateway and everything else that has the database open, then run the command again. Nothing was changed.',
  });
}

async function refuseChanged(path: string, copy: string, signal: AbortSignal): Promise<void> {
  if (await isSameFile(path, copy, signal)) return;
  throw new GatewayError('BUSY', `${path} has changed since it was salvaged.`, {
    hint: 'Stop the gateway and everything else that has the database open, then run the command again. It was not changed.',
  });
}

/** As a second name, so that there is a database under the first at every moment; where a file system has none, as the only one. */
function keepUnderOtherName(path: string, damaged: string): void {
  try {
    linkSync(path, damaged);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    renameSync(path, damaged);
  }
}
