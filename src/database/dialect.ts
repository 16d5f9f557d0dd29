import type { Kysely, RawBuilder } from 'kysely';
import type { GatewayError } from '../errors.ts';
import type { TableChanges } from '../schema/changed.ts';
import type { Column, ColumnKind, Schema, Table } from '../schema/model.ts';
import type { DatabaseTarget } from '../settings/database-target.ts';
import type { Blocker } from './blocker.ts';
import type { RowValues } from './row-values.ts';
import type { EffectKind, KeepColumns, Statement } from './statement.ts';

/** What a command is going to do, which decides how the database is opened. */
export type Access = 'read' | 'write';

export interface OpenOptions {
  readonly access: Access;
  /** SQLite: make the file when it is missing (its folder must be there). */
  readonly create: boolean;
  readonly connectTimeoutMs: number;
  /** Aborted when nobody waits for the server any more: every connection to it is cut, also one being made. */
  readonly abandon?: AbortSignal | undefined;
  /** Called with every statement just before it is sent. */
  readonly onStatement?: ((sql: string, parameters: readonly unknown[]) => void) | undefined;
}

export interface Server {
  /** `SQLite`, `PostgreSQL`, `MariaDB`, `MySQL` */
  readonly product: string;
  readonly version: string;
  /** Why this version cannot be worked with, or null. */
  readonly unsupported: string | null;
}

/** An open database: the driver behind Kysely, and what it is. */
export interface OpenDatabase {
  readonly kysely: Kysely<unknown>;
  readonly dialect: Dialect;
  /** Ends the connection at once, without a word to the server; null where there is none to wait for. */
  readonly cut: (() => void) | null;
  /** What a server said of its own accord, and then hung up. */
  readonly lastWords?: () => Error | null;
}

/** Opens a target; throws a GatewayError that says what is wrong with it. */
export type Open<Target extends DatabaseTarget> = (
  target: Target,
  options: OpenOptions,
) => Promise<OpenDatabase>;

export interface Change {
  readonly statements: readonly Statement[];
  /** The table as it is afterwards. */
  readonly table: Table;
}

export interface Unreadable {
  /** SQL that is true for such a value, and for nothing but values. */
  readonly is: string;
  /** SQL for the same value as the gateway writes it; NULL where that cannot be known. Null where it never can. */
  readonly mended: string | null;
}

export interface KeyRanges {
  /** About how many rows a range has. */
  readonly size: number;
  /** SQL for a whole number that is made of a key's value, and evenly spread whatever the keys are like. */
  hash(key: string): string;
}

/** One connection to a database, held for as long as a command needs it. */
export interface Connection {
  readonly dialect: Dialect;
  /** Rows of a query written with Kysely's `sql`. */
  query<Row>(query: RawBuilder<Row>): Promise<Row[]>;
  /** Runs a statement of a plan and returns how many rows it wrote (0 for schema changes). */
  run(statement: Statement): Promise<number>;
  /** The text and parameters a `sql` template stands for in this dialect. */
  compile(query: RawBuilder<unknown>): Statement;
}

/** What a kind of database is, and can do. */
export interface Capabilities {
  readonly name: 'sqlite' | 'postgresql' | 'mysql';
  /** Product and version, as found when the connection was opened. */
  readonly server: Server;
  /** The last release of the gateway that runs on it, as `v0.7.0`; null where no end is known. */
  readonly lastRelease: string | null;
  /** Schema changes are part of the transaction, so a run is all or nothing. */
  readonly transactionalDdl: boolean;
  /** While a run goes on nobody else can write, so a changed row count is always our doing. */
  readonly exclusive: boolean;
  /** Times with a zone are a type of their own, apart from times without. */
  readonly zonedTimes: boolean;
  /** A column of characters needs no length, and can lose the one it has. */
  readonly unboundedStrings: boolean;
  /** JSON is kept in columns of text, or looks like it: which of the two a column is does not matter. */
  readonly jsonIsText: boolean;
}

/** What is in a database, and what this user may do with it. */
export interface Introspection {
  /** Tables of the gateway's schema (PostgreSQL: of the search path), without system tables. */
  readSchema(connection: Connection): Promise<Schema>;
  /**
   * A SELECT without parameters of what the tables that `readSchema` reads have: `of_table`, `thing`, a text as
   * `src/schema/things.ts` spells it, and `rejects`, 1 for what turns rows away where it does not belong.
   */
  readonly things: string;
  /** What the site has put on the gateway's tables: queries for `readSiteObjects`, the first for triggers. */
  readonly siteObjects: readonly string[];
  /**
   * What a column that the gateway takes for one of `kind` can hold and the gateway's driver cannot read; null where
   * its type lets in nothing of that sort.
   */
  unreadable(column: Column, kind: ColumnKind): Unreadable | null;
  /** That this user cannot see what triggers these tables have, and what mends it; null when it can. */
  unseenTriggers(connection: Connection, tables: readonly string[]): Promise<string | null>;
  /**
   * What this user may not do but a run must, a line each; empty when a run can go ahead. Only for what a
   * statement in the middle of a run would fail with.
   *
   * @param tables the gateway's tables that are there
   */
  missingPrivileges(connection: Connection, tables: readonly string[]): Promise<readonly string[]>;
  /**
   * What those who may use `tools` may not do with these tables; of one that is not there yet, once this user has
   * made it.
   */
  missingAccess(connection: Connection, tables: readonly Table[]): Promise<readonly MissingAccess[]>;
  /** The database's own integrity check: lines of what is wrong, or null where it has none. */
  integrityProblems(connection: Connection): Promise<readonly string[] | null>;
}

/** How names and values are written. */
export interface Spelling {
  quote(identifier: string): string;
  /** A string or NULL as an SQL literal, for DDL, which takes no parameters. */
  literal(value: string | null): string;
  /** SQL for a text that is compared letter by letter, as the gateway compares it, whatever the collation. */
  exactly(text: string): string;
  /** SQL that is true where a value as text is like a pattern with `*` and `?`, letter by letter. */
  glob(value: string, pattern: string): RawBuilder<unknown>;
  /** A moment as COMPATIBILITY §6 stores it. */
  timestamp(moment: Date): string;
  boolean(value: boolean): unknown;
}

/** How tables are made, changed and dropped. */
export interface Ddl {
  createTable(table: Table, schema: Schema): Change;
  changeTable(table: Table, changes: TableChanges, schema: Schema): Change;
  dropTable(name: string): Statement;
}

/** How rows are written. */
export interface RowWrites {
  /**
   * SQL over `tools` that is true where a name has characters whose display name this database's SQL cannot
   * make (it does printable ASCII); null where it can do all.
   */
  displayNameMisses(): string | null;
  /** Writes a page of values (see PagedUpdate) back: `UPDATE table SET column …` with one JSON parameter. */
  pagedUpdate(table: string, key: Pick<Column, 'name' | 'collation'>, column: string): string;
  /**
   * For the SET of an UPDATE, behind its own columns: keeps those as they are that the database itself would write
   * with every UPDATE of this table; '' where it writes none.
   */
  kept(table: string): string;
  /** Keeps columns of a table from being changed by triggers of the site, around an UPDATE of other columns. */
  keepColumns(table: string, columns: readonly string[]): KeepColumns;
  /**
   * What has a key that counts up by itself go on behind the highest there is, once rows were written with keys of
   * their own; nothing where it does so anyway.
   */
  countOn(table: string, key: string): readonly Statement[];
  /** How rows of a large table are written in ranges of its key; null where all are written at once. */
  readonly ranges: KeyRanges | null;
}

/** The one transaction of a run, and its locks. */
export interface RunLocks {
  /**
   * Begins the one transaction of a run, holding every lock the run needs so that nothing it does waits:
   * throws BUSY or LOCKED with the holder when they cannot be had in `lockTimeoutMs`.
   */
  beginRun(connection: Connection, options: RunLock): Promise<void>;
  /** Ends the run: `commit` false takes everything back where the database can. Releases every lock. */
  endRun(connection: Connection, commit: boolean): Promise<void>;
  /**
   * Once a run knows its tables: keeps everybody else from those it changes, and from writing to the others,
   * so that no later statement waits and row counts can be compared. Where locks cannot be kept through a schema
   * change, waits until nobody else uses them. What is waited for is bounded as in `beginRun`.
   */
  lockTables(
    connection: Connection,
    tables: { readonly changed: readonly string[]; readonly others: readonly string[] },
    options: RunLock,
  ): Promise<void>;
  /** What those two keep others from, for people. */
  readonly locks: LockDescription;
  /** Makes later writes of the session wait at most this long for what somebody else is writing. */
  writeWait(milliseconds: number): Statement;
}

/** How a moment of the database is read, and who is in the way. */
export interface Reads {
  /**
   * Begins a transaction that cannot write and sees one moment of the database.
   *
   * @param tableWaitMs how long a read may wait for a table that somebody has locked, before it ends in BUSY
   */
  beginRead(connection: Connection, tableWaitMs?: number): Promise<void>;
  endRead(connection: Connection): Promise<void>;
  /**
   * A query that waits no longer than `waitMs` for a table that somebody has locked: its text, to be sent by
   * itself, outside of a transaction, in one round trip. Nothing of it stays set in the session.
   *
   * @param query one SELECT without parameters
   */
  boundedQuery(query: string, waitMs: number): string;
  /** Who has locked a table so that it cannot even be read; null when nobody can be named. */
  readBlocker(connection: Connection): Promise<Blocker | null>;
  /** A restore that was begun and not ended; always null where a restore is all or nothing. */
  unfinishedRestore(connection: Connection): Promise<UnfinishedRestore | null>;
}

/**
 * Everything that differs between databases. A new difference is a member here, and a case in the contract
 * suite (`test/database/dialect-contract.test.ts`); nothing else asks which database it is talking to.
 *
 * A dialect must
 * - quote every identifier and never build SQL from values it did not escape;
 * - read a schema it did not make: unknown columns, indexes, checks and triggers survive every change;
 * - translate every driver error it knows into a GatewayError without secrets, and return null for others.
 */
export interface Dialect extends Capabilities, Introspection, Spelling, Ddl, RowWrites, RunLocks, Reads {
  translateError(error: unknown): GatewayError | null;
  /** How values are read and written, so that they mean the same in every database. */
  readonly values: RowValues;
}

export interface UnfinishedRestore {
  /** Manifests: of the backup, and of the state before; null where that was not kept. */
  readonly backup: string;
  readonly safety: string | null;
  /** UTC, ISO 8601. */
  readonly since: string;
  /** Process and host. */
  readonly by: string;
}

export interface MissingAccess {
  readonly table: string;
  readonly who: string;
  /** With commas between. */
  readonly privileges: string;
  /** Whether this user may give them. */
  readonly mine: boolean;
  /** What gives them. */
  readonly statements: readonly string[];
}

export interface LockDescription {
  /** The one lock on all of the database; null where tables are locked one by one. */
  readonly whole: { readonly table: string; readonly lock: string; readonly why: string } | null;
  /** On a table that is changed in these ways. */
  changed(kinds: ReadonlySet<EffectKind>): string;
  /** On tables that are there and not changed; null for none. */
  readonly others: { readonly lock: string; readonly why: string } | null;
  /** On a table in which a repair writes rows. */
  readonly written: string;
  /** The same of a run that changes rows only, where that is another. */
  readonly writtenOnly?: string;
  /** What a restore takes; `table` null is every table that it replaces. */
  readonly replaced: { readonly table: string | null; readonly lock: string; readonly why: string };
}

export interface RunLock {
  /** Milliseconds to wait for another run or for other writers. */
  readonly timeoutMs: number;
  /** The lock is only to show that nobody else has it: nothing is written to get it. */
  readonly peek?: boolean;
  /** What is run changes rows only: where no transaction goes around schema changes, `lockTables` begins one. */
  readonly rowsOnly?: boolean | undefined;
  /** Called once when it has to wait, with what it waits for, and where that is known with what would end it. */
  readonly onWait: (holder: string, end?: string | null) => void;
  /** Aborted when the user asks to stop: ends the wait with INTERRUPTED or TERMINATED. */
  readonly signal?: AbortSignal | undefined;
}
