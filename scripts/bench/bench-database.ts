import type { Command } from './timed-run.ts';

/** One kind of database, with what a benchmark does to it. Names are those of databases made here. */
export interface BenchDatabase {
  /** For the table: `PostgreSQL 15.18`. */
  readonly title: string;
  /** The native client and its version. */
  readonly client: string;
  /** SQLAlchemy URL, password included. */
  url(name: string): string;
  /** The native client, reading a script from a file. */
  native(name: string, script: string): Command;
  /** An empty database; one of that name that is there goes. */
  create(name: string): Promise<void>;
  /** A full copy, settled: written to disk, with the statistics a server in use would have. */
  copy(from: string, to: string): Promise<void>;
  /** Runs SQL on it. */
  run(name: string, sql: string): Promise<void>;
  drop(name: string): Promise<void>;
}
