import { GatewayError } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { advise, mcpgw, type Text } from '../report/advice.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import type { Connection } from './connection.ts';
import type { OpenOptions, Server } from './dialect.ts';

/**
 * How the backups of one database are made and restored: the only place where they differ between databases.
 * A tool opens connections of its own, so the run it serves may hold its locks meanwhile (but no lock that
 * keeps readers out).
 */
export interface BackupTool {
  /** What backup files end in, without the dot. */
  readonly extension: 'db' | 'dump' | 'sql.gz';
  /** The database's name for people, file names and `--confirm`. */
  readonly database: string;
  /** Absolute; where backups go when nobody says otherwise. */
  readonly defaultDirectory: string;
  /** Restoring replaces the whole database, tables that the backup does not know included. */
  readonly replacesEverything: boolean;

  /**
   * Whether backups can be made: the client program is there and knows this server's version. Writes nothing.
   *
   * @throws GatewayError PREFLIGHT naming the package to install, and `--no-backup` where there is that
   */
  preflight(server: Server): Promise<void>;
  /** The same for restoring. */
  preflightRestore(server: Server | null): Promise<void>;
  /** What would keep this user from restoring what a backup would have, a sentence each. */
  foretell(db: Connection): Promise<readonly string[]>;
  /** What a restore by this user would refuse the backup itself for, for whoever only wants to know; or null. */
  rehearse(request: RestoreScriptRequest): Promise<GatewayError | null>;
  /** Bytes a backup takes at most. */
  estimate(db: Connection): Promise<number>;
  /**
   * Copies the database into an empty file that is there already, and proves that the copy can be read.
   *
   * @param file absolute
   * @param look called once, with a connection that sees the very state that is copied
   * @throws GatewayError; the file is the caller's to remove
   */
  dump(file: string, look: Look): Promise<Dump>;
  /**
   * Why a backup cannot be restored into this database, or null.
   *
   * @param server of the database to restore into; null when there is none yet
   */
  refusal(source: RestoreSource, server: Server | null): Promise<string | null>;
  /** What keeps a restore from dropping what it replaces and is not in the backup, the last dependent first. */
  dependents(request: RestoreScriptRequest): Promise<readonly Dependent[]>;
  /**
   * Every statement that a restore sends to the client program, in order, with a comment in the place of the
   * dump's own; empty where a restore is no SQL.
   */
  restoreStatements(request: RestoreScriptRequest): Promise<readonly string[]>;
  /**
   * Replaces what is in the database by a backup: all or nothing on SQLite and PostgreSQL.
   *
   * @throws GatewayError with exit code 2 when nothing was changed, PARTIAL when something was
   */
  restore(request: RestoreRequest): Promise<void>;
}

export interface Dependent {
  /** The statement that drops it, with no semicolon at the end. */
  readonly drop: string;
  /** Likewise the one that makes it; null where the server does not write it. */
  readonly again: string | null;
}

export type Look = (db: Connection) => Promise<void>;

export interface Dump {
  /** Rows of each table in the copy. */
  readonly rows: ReadonlyMap<string, number>;
  /** What the tool of this database wants to know when it restores. */
  readonly notes: Readonly<Record<string, string>>;
  /** What would keep this user from restoring it. */
  readonly warnings: readonly string[];
}

export interface RestoreSource {
  /** `MariaDB 10.11.19` */
  readonly server: string;
  readonly notes: Readonly<Record<string, string>>;
}

export interface RestoreRequest extends RestoreSource {
  /** Absolute path of the backup. */
  readonly file: string;
  /** Absolute path of what it is restored by. */
  readonly manifest: string;
  readonly sha256: string;
  readonly rows: ReadonlyMap<string, number>;
  /** Tables that are there now and go: those of the backup and of the gateway. */
  readonly replaced: readonly string[];
  /** Milliseconds to wait for other runs and for users of the tables. */
  readonly lockTimeoutMs: number;
  /**
   * Called when other writers are kept out (as far as the database can) and nothing was changed yet; not where
   * there is nothing to replace.
   *
   * @param dump what to copy the present state with; null when it is too damaged to be opened
   * @returns the manifest of the copy, or null when there is none
   */
  readonly beforeReplacing: (dump: BackupTool['dump'] | null) => Promise<string | null>;
  /** Told what a restore that succeeds does not bring back, a sentence each. */
  readonly warn: (text: Text) => void;
}

/** What the statements of a restore depend on. */
export type RestoreScriptRequest = Omit<RestoreRequest, 'beforeReplacing' | 'warn'>;

export interface BackupToolContext<Target extends DatabaseTarget = DatabaseTarget> {
  readonly target: Target;
  /** Absolute; the folder the command runs in. */
  readonly cwd: string;
  /** The environment: the PATH client programs are found on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** The command has `--no-backup`, so that advice may name it. */
  readonly canGoWithout?: boolean;
  /** Told of every statement that a connection of the tool's own sends. */
  readonly onStatement?: OpenOptions['onStatement'];
}

/** What client programs are wanted for. */
export type ClientPurpose = 'backup' | 'restore';

/** What the advice of an error that keeps a backup from being made says besides, where the command has the flag. */
export function orWithoutBackup({ canGoWithout = false }: Pick<BackupToolContext, 'canGoWithout'>): string {
  return canGoWithout ? ', or go on without a backup of this tool’s: --no-backup' : '';
}

/** The error of a backup whose manifest has other tables than its file. */
export function otherTables(
  file: string,
  onlyInManifest: readonly string[],
  onlyInFile: readonly string[],
): GatewayError {
  return new GatewayError(
    'CORRUPT',
    `The manifest of the backup ${file} names other tables than are in it.`,
    {
      details: [
        ...onlyInManifest.map((name) => `only the manifest has ${name}`),
        ...onlyInFile.map((name) => `only the backup has ${name}`),
      ],
      hint: advise`It was changed since; use another backup: ${mcpgw('backup', '--list')}. Nothing was changed.`,
    },
  );
}
