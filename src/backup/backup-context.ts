import type { Connection } from '../database/connection.ts';
import type { Progress } from '../progress.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';

/** What making a backup needs to know. */
export interface BackupContext {
  readonly target: DatabaseTarget;
  /** The environment: client programs are found on its PATH. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths start here. */
  readonly cwd: string;
  /** `--backup-dir`, or null for the default: beside an SQLite file, in the working directory for servers. */
  readonly directory: string | null;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Tells the person what there is to know that stops nothing. */
  readonly warn?: (text: string) => void;
  /** The command has `--no-backup`, so that advice may name it. */
  readonly canGoWithout?: boolean;
}

export interface ConnectedBackupContext extends BackupContext {
  /**
   * To ask about the database. It may be in a transaction and hold the locks of a run, but none that keeps
   * readers out: the backup reads through a connection of its own.
   */
  readonly db: Connection;
}
