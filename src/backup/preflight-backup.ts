import { accessSync, constants, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { BackupTool } from '../database/backup-tool.ts';
import { openBackupTool } from '../database/open-backup-tool.ts';
import { GatewayError } from '../errors.ts';
import { linkIn } from '../files/behind-links.ts';
import { openToOthers } from '../files/open-to-others.ts';
import { inMegabytes } from '../report/in-megabytes.ts';
import type { BackupContext, ConnectedBackupContext } from './backup-context.ts';
import { folderAdvice } from './folder-advice.ts';

export interface BackupPreflight {
  /** How large the backup is at most. */
  readonly bytes: number;
  /** Absolute; the folder it goes to. */
  readonly place: string;
  /** What would keep this user from restoring it. */
  readonly warnings: readonly string[];
  readonly tool: BackupTool;
}

/**
 * Whether a backup can be made: the client program, the folder and the free space. Writes nothing.
 *
 * @throws GatewayError PREFLIGHT, PERMISSION, OUTPUT or DISK_FULL
 */
export async function preflightBackup(context: ConnectedBackupContext): Promise<BackupPreflight> {
  const { db, cwd, directory } = context;
  const tool = await openBackupTool(context);
  const place = directory === null ? tool.defaultDirectory : resolve(cwd, directory);
  await tool.preflight(db.dialect.server);
  const bytes = await tool.estimate(db);
  await refuseWithoutRoom(place, bytes, context);
  const risk = openToOthers(place);
  if (risk !== null) context.warn?.(risk);
  return { bytes, place, tool, warnings: await tool.foretell(db) };
}

/**
 * @param place a folder that may not be there yet
 * @throws GatewayError when nothing of that size can be kept in it
 */
export async function refuseWithoutRoom(
  place: string,
  bytes: number,
  context: Pick<BackupContext, 'canGoWithout'>,
): Promise<void> {
  const folder = writableFolder(place, folderAdvice(context));
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new GatewayError(
    'DISK_FULL',
    `A backup may need ${inMegabytes(bytes)}, and ${place} has ${inMegabytes(free)} free.`,
    { hint: folderAdvice(context, { isFull: true }) },
  );
}

/** The folder itself, or the nearest one above it in which it can be made. */
function writableFolder(place: string, hint: string): string {
  let folder = place;
  while (statSync(folder, { throwIfNoEntry: false }) === undefined && dirname(folder) !== folder) {
    const link = linkIn(folder);
    if (link !== null) {
      const message = `Backups cannot go to ${place}: ${folder} is a link to ${link}, which is not there.`;
      throw new GatewayError('OUTPUT', message, { hint });
    }
    folder = dirname(folder);
  }
  if (!statSync(folder).isDirectory()) {
    throw new GatewayError('OUTPUT', `Backups cannot go to ${place}: ${folder} is not a folder.`, { hint });
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const message = `Backups cannot go to ${place}: this user may not write to ${folder}.`;
    throw new GatewayError('PERMISSION', message, { hint, cause: error });
  }
  return folder;
}
