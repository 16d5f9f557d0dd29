import type { Connection } from '../database/connection.ts';
import type { Access, OpenOptions } from '../database/dialect.ts';
import { withDatabase } from '../database/with-database.ts';
import { createProgress, type Progress } from '../progress.ts';
import type { Text } from '../report/advice.ts';
import type { DatabaseReport } from '../report/report.ts';
import { type LoadedSettings, loadSettings } from '../settings/load.ts';
import { maskSecrets } from '../settings/mask.ts';
import { secretsOf } from '../settings/secrets-of.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './options.ts';
import { retryLog } from './retry-log.ts';
import { withExistingDatabase } from './with-existing-database.ts';

/** How often a log tells of a server that is still waited for. */
const REPEAT_MS = 15_000;

/** What a command works with: settings, progress, and the way to the database. */
export interface Session {
  readonly io: Io;
  readonly loaded: LoadedSettings;
  readonly progress: Progress;
  /** Opens the database for the time of `use`, and remembers what it was for the report. */
  connect<T>(options: ConnectRequest, use: (db: Connection) => Promise<T>): Promise<T>;
  /** Tells the person what there is to know that stops nothing: once, as a warning of the report. */
  warn(text: Text): void;
  /** What was warned of so far. */
  readonly warnings: Iterable<Text>;
  /** For the report; null before anything was connected to. */
  database(): DatabaseReport | null;
  /** Notes what the database turned out to be. */
  found(state: { readonly release: string; readonly revision: string }): void;
  readonly secrets: readonly string[];
  /** From now on no report, message or log shows this. */
  hide(secret: string): void;
  /** What `--debug` does with a statement; undefined without it. */
  readonly onStatement: OpenOptions['onStatement'];
}

export interface ConnectRequest {
  readonly access: Access;
  readonly create?: boolean;
  /** Seconds, as `--wait` has it. */
  readonly wait?: number | undefined;
  /** How often to try again when the server does not answer, in place of DB_MAX_RETRIES. */
  readonly retries?: number;
}

export interface SessionRequest {
  readonly credentials: 'required' | 'optional';
  readonly allowDefaultCredentials?: boolean;
  /** `read` for commands that only tell about the database. */
  readonly purpose?: 'read' | 'write';
}

/** Reads the settings; throws one error that names every problem with them. */
export async function openSession(io: Io, options: GlobalOptions, request: SessionRequest): Promise<Session> {
  const loaded = loadSettings({
    flags: options,
    env: io.env,
    cwd: io.cwd,
    credentials: request.credentials,
    allowDefaultCredentials: request.allowDefaultCredentials ?? false,
    purpose: request.purpose ?? 'write',
  });
  return sessionOf(io, options, await withExistingDatabase(loaded));
}

/** A session with settings that were read already. */
export function sessionOf(io: Io, options: GlobalOptions, loaded: LoadedSettings): Session {
  const { settings, target } = loaded;
  const secrets = secretsOf(loaded);
  const progress = createProgress({
    stream: io.stderr,
    isTTY: io.stderr.isTTY && io.env.TERM !== 'dumb',
    quiet: options.quiet === true,
    now: () => performance.now(),
  });
  let database: DatabaseReport | null = null;
  const warnings = new Map<string, Text>();
  const onStatement: OpenOptions['onStatement'] =
    options.debug === true ? (sql) => io.stderr.write(`[sql] ${maskSecrets(sql, secrets)}\n`) : undefined;
  return {
    io,
    onStatement,
    loaded,
    progress,
    secrets,
    hide: (secret) => void secrets.push(secret),
    get warnings() {
      return warnings.values();
    },
    warn: (text) => void warnings.set(`${text}`, text),
    database: () => database,
    found({ release, revision }) {
      if (database !== null) database = { ...database, release, revision };
    },
    connect({ access, create = false, wait, retries = settings.dbMaxRetries }, use) {
      // A log keeps every line; with DB_MAX_RETRIES they are few.
      const waiting = wait !== undefined && wait > 0 && io.stderr.isTTY !== true;
      database ??= { dialect: target.dialect, server: '', url: target.maskedUrl, release: '', revision: '' };
      return withDatabase(
        target,
        {
          access,
          create,
          retries,
          retryIntervalMs: settings.dbRetryIntervalMs,
          waitMs: (wait ?? 0) * 1000,
          statementTimeoutMs: (options.statementTimeout ?? 0) * 1000,
          onRetry: retryLog({
            log: progress.log,
            repeatMs: waiting ? REPEAT_MS : 0,
            now: () => performance.now(),
          }),
          onStatement,
        },
        (db) => {
          const { product, version } = db.dialect.server;
          if (database !== null) database = { ...database, server: `${product} ${version}` };
          const result = use(db);
          // What the report is written with is read while the database works.
          import('../report/render.ts').catch(() => {});
          return result;
        },
      );
    },
  };
}
