import type { BackupToolContext } from '../database/backup-tool.ts';
import type { Connection } from '../database/connection.ts';

/** What making a backup needs to know. Relative paths start in `cwd`. */
export interface BackupContext extends BackupToolContext {
  /** `--backup-dir`, or null for the default: beside an SQLite file, in the working directory for servers. */
  readonly directory: string | null;
  /** Tells the person what there is to know that stops nothing. */
  readonly warn?: (text: string) => void;
}

export interface ConnectedBackupContext extends BackupContext {
  /**
   * To ask about the database. It may be in a transaction and hold the locks of a run, but none that keeps
   * readers out: the backup reads through a connection of its own.
   */
  readonly db: Connection;
}
