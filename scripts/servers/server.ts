/** The throw-away servers that tests and benchmarks run against, by the name the rest of the project uses. */
export const SERVER_NAMES = ['postgres', 'postgres18', 'mariadb', 'mysql', 'pgbouncer', 'galera'] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** A private server on 127.0.0.1: its own port, its own temporary data directory, gone after `stop`. */
export interface RunningServer {
  readonly name: ServerName;
  /** SQLAlchemy URL of an account that may do everything, password included: `postgresql://…`, `mysql://…`. */
  readonly url: string;
  /** A cluster: the same for every node, the one of `url` first. */
  readonly urls?: readonly string[];
  readonly pid: number;
  /** Folder of the client programs that fit it (`psql`, `mariadb`, `mysql`, dump tools); '' when there are none. */
  readonly clientPath: string;
  /** What cannot be tested with it, and the command that helps; absent when nothing is. */
  readonly lacks?: string;
  /** Stops the server by its pid and removes its data. Calling it again does nothing. */
  stop(): Promise<void>;
}

/** How one kind of server is had and started; one file per recipe, listed in `recipes.ts`. */
export interface ServerRecipe {
  /** Shown to people: `PostgreSQL (the machine's packages)`. */
  readonly title: string;
  /**
   * Fetches what is missing into the project's `.servers` folder; a second call finds it there.
   * @throws ServerUnavailableError when it is missing and may not or cannot be fetched
   */
  install(): Promise<void>;
  /** Installs if needed, then starts. @throws ServerUnavailableError, or Error with the server's own log */
  start(): Promise<RunningServer>;
}
