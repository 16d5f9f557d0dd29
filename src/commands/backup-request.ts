import { envFileInUse } from '../backup/env-file-in-use.ts';
import type { takeBackup } from '../backup/take-backup.ts';
import type { Connection } from '../database/connection.ts';
import { VERSION } from '../version.ts';
import type { BackupOptions, GlobalOptions } from './options.ts';
import type { Session } from './session.ts';

type TakeBackup = Parameters<typeof takeBackup>[0];

/** A backup of what a session is connected to, as its flags want it. */
export function backupRequest(
  { io, loaded, progress, warn, onStatement }: Session,
  db: Connection,
  options: GlobalOptions & BackupOptions,
): TakeBackup {
  return {
    onStatement,
    db,
    target: loaded.target,
    env: io.env,
    envFile: envFileInUse(io.cwd, options.envFile),
    directory: options.backupDir ?? null,
    keep: options.keep ?? null,
    cwd: io.cwd,
    progress,
    warn,
    now: new Date(),
    toolVersion: VERSION,
    signal: io.signal,
  };
}
