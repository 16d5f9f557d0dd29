/** Where the database is and how to reach it: DATABASE_URL, taken apart and checked. */
export type DatabaseTarget = SqliteTarget | PostgresqlTarget | MysqlTarget;

interface Given {
  /** The flag, or the path of the file, that the URL came from; undefined where it is DATABASE_URL itself. */
  readonly givenBy?: string;
  /** The file or name of the database when its % are decoded, which SQLAlchemy does not do; where that is another. */
  readonly decoded?: string;
}

export interface SqlitePragma {
  readonly name: string;
  /** A keyword or a whole number, checked against the pragma's own list: safe to put into a statement. */
  readonly value: string;
  /** Whether it changes the file itself and not just the connection: a read-only command leaves those out. */
  readonly persistent: boolean;
}

export interface SqliteTarget extends Given {
  readonly dialect: 'sqlite';
  /** Absolute. */
  readonly path: string;
  /** How long to wait for another writer; Python's sqlite3 waits 5000 ms, and so do we unless told. */
  readonly busyTimeoutMs: number;
  readonly pragmas: readonly SqlitePragma[];
  /** The URL itself asks for `mode=ro`. */
  readonly readOnly: boolean;
  /** For people: an SQLAlchemy URL without secrets. */
  readonly maskedUrl: string;
}

export type PostgresqlSslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

export interface PostgresqlTarget extends Given {
  readonly dialect: 'postgresql';
  /** A name, an address (IPv6 without brackets), or the absolute folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  /** Null: the user of the operating system, as libpq has it. */
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string;
  /** The schemas of `-c search_path=…`, unquoted; null when the URL sets none. */
  readonly searchPath: readonly string[] | null;
  /** The whole `options` parameter, for the start-up packet; it includes the search path. */
  readonly options: string | null;
  readonly ssl: {
    readonly mode: PostgresqlSslMode;
    /** Absolute paths of PEM files; `rootCert` may be `system`. */
    readonly rootCert: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    /** Certificates that their issuer has revoked. */
    readonly crl: string | null;
  };
  readonly connectTimeoutMs: number | null;
  readonly applicationName: string | null;
  readonly maskedUrl: string;
}

export type MysqlSslMode = 'disabled' | 'preferred' | 'required' | 'verify-ca' | 'verify-identity';

/** MySQL and MariaDB: which of the two it is, only the server can say. */
export interface MysqlTarget extends Given {
  readonly dialect: 'mysql';
  readonly host: string;
  readonly port: number;
  /** Null: the user of the operating system, as PyMySQL has it. */
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string;
  /** Absolute path of the unix socket, used instead of host and port. */
  readonly socketPath: string | null;
  readonly charset: string | null;
  readonly ssl: {
    readonly mode: MysqlSslMode;
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
  };
  readonly connectTimeoutMs: number | null;
  readonly maskedUrl: string;
}
