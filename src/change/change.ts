import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import type { Progress } from '../progress.ts';
import type { Command, Text } from '../report/advice.ts';
import type { Schema } from '../schema/model.ts';
import type { TableRows } from './compare-rows.ts';
import type { Reconnect } from './through-another.ts';

/** One step of a plan: what a dry run prints and a run executes. */
export interface PlannedStep {
  readonly id: string;
  readonly title: string;
  /** What it does to what was found, a line each, where the title does not say it. */
  readonly summary?: readonly string[];
  readonly statements: readonly Statement[];
  /** The checksum that goes into our history, for steps that are recorded and were not yet. */
  readonly checksum?: string | null;
  /** Rows that get their owner as its column arrives, without a statement that writes them. */
  readonly rowsArriving?: number;
  /** The others are planned again behind it, on what it leaves. */
  readonly early?: boolean;
}

/** What every plan has. */
export interface Planned {
  /** What is there. */
  readonly schema: Schema;
  /** In their order; with nothing in any of them there is nothing to do. */
  readonly steps: readonly PlannedStep[];
  /**
   * Tables that are there already and change; then nobody may write to the gateway's others either, so that row
   * counts can be compared. Without it, the tables are locked that the statements touch, and no others.
   */
  readonly changed?: readonly string[];
  readonly warnings: readonly Text[];
  readonly state?: { readonly release: string; readonly revision: string };
}

/** How a plan is made. */
export interface Reading {
  /**
   * An `outline` is read before anything is locked, and tells what is going to happen; a plan to `show` has every
   * statement; one to `run` is made behind the locks.
   */
  readonly purpose: 'outline' | 'show' | 'run';
  /** The schema that is there, when it was read before. */
  readonly schema?: Schema | undefined;
}

/**
 * A change to a database, as the pipeline (`runChange`) runs it and a dry run shows it. Nothing but the statements of
 * its plan is written.
 */
export interface Change<Plan extends Planned, Seen = boolean> {
  /** As a sentence starts: `The migration`. */
  readonly what: string;
  /** What starts it again, or goes on with it after an interruption. */
  readonly command: Command;
  /** What is told while it reads. */
  readonly reading: string;
  /** It uses all that the owner of the tables may do, which is looked at before anything is locked. */
  readonly needsOwner: boolean;
  /**
   * It changes rows and no table that is there. Then it is one transaction on every database: steps that are `early`
   * are run before that begins (they may make a table), and what triggers of the site do to a row is left to them.
   */
  readonly rowsOnly?: boolean | undefined;
  /** The moment that what it writes is of. */
  readonly now: Date;
  /** The plan of a database that is known to be as wanted already, by one look; else null. */
  known?(db: Connection): Promise<Plan | null>;
  /** Reads the database and works out every statement. Throws the reason why it may not be run. */
  plan(db: Connection, reading: Reading): Promise<Plan>;
  /** Begins what takes its time, beside what the database has to do until the plan is made. */
  begin?(draft: Plan): void;
  /** Proves behind the last statement, before it is committed, that the result is as it should be. */
  check(db: Connection, plan: Plan): Promise<Checked>;
  /** Looks through a second connection at what was committed; false when it is not there. */
  look(db: Connection, plan: Plan): Promise<Seen>;
  /** What became of it where its commit was not answered. */
  fate?(db: Connection, draft: Plan): Promise<'done' | 'as before' | 'unknown'>;
}

export interface Checked {
  readonly rows: readonly TableRows[];
  readonly warnings: readonly Text[];
}

/** What a run needs to know of the command around it. */
export interface Surroundings<Plan> {
  readonly toolVersion: string;
  readonly progress: Progress;
  readonly lockTimeoutMs: number;
  /** Aborted by the first Ctrl-C: ends a wait for a lock, and stops the run before its next statement. */
  readonly signal: AbortSignal;
  /** Asked with the plan before anything is locked or written; false stops the run. */
  readonly confirm: (plan: Plan) => Promise<boolean>;
  /** Called behind the lock of the run, before its first write; takes the backup. */
  readonly beforeWriting: () => Promise<void>;
  readonly reconnect: Reconnect;
}

export interface StepResult {
  readonly id: string;
  readonly title: string;
  readonly status: 'done' | 'already';
  /** Rows written or given an owner. */
  readonly rows: number;
  readonly durationMs: number;
}

/** What a run did. */
export interface Ran<Plan, Seen = boolean> {
  readonly plan: Plan;
  readonly steps: readonly StepResult[];
  /** False when everything was in place and nothing was written. */
  readonly changed: boolean;
  readonly rows: readonly TableRows[];
  /** Those of the plan, and what the run met. */
  readonly warnings: readonly Text[];
  /** Null when nothing was written. */
  readonly seen: Seen | null;
}

export function isEmpty({ steps }: Pick<Planned, 'steps'>): boolean {
  return steps.every(({ statements, checksum = null }) => statements.length === 0 && checksum === null);
}

/** All that a plan writes, in order, but for the records of its steps. */
export function statementsOf({ steps }: Pick<Planned, 'steps'>): Statement[] {
  return steps.flatMap((step) => step.statements);
}
