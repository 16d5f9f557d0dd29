import type { FormatName } from '../report/format-name.ts';

/** Options every command takes. */
export interface GlobalOptions {
  readonly databaseUrl?: string;
  readonly databaseUrlFile?: string;
  readonly envFile?: string;
  readonly format: FormatName;
  readonly output?: string;
  /** `--output` may replace a file that is no report. */
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly color: boolean;
  readonly debug?: boolean;
  /** Seconds; 0 for as long as it takes. */
  readonly statementTimeout?: number;
}

/** Options of commands that take a backup first. */
export interface BackupOptions {
  /** `--no-backup` makes it false. */
  readonly backup?: boolean;
  readonly backupDir?: string;
  readonly keep?: number;
}

/** Options of commands that write. */
export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  /** Seconds. */
  readonly lockTimeout: number;
  /** Seconds. */
  readonly wait?: number;
}
