import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import type { Overrides } from '../ownership/resolve-overrides.ts';
import { type Command, sqlCommand, type Text } from '../report/advice.ts';
import type { CheckLevel } from '../report/report.ts';
import type { Schema, Table } from '../schema/model.ts';
import type { SeedPlan } from '../seed/plan-seed.ts';
import type { Settings } from '../settings/settings.ts';

/** What checks of data look at, and repairs write with. */
export interface CheckContext {
  readonly db: Connection;
  /** The schema that is there. Repairs put the tables they change into it, so that the next builds on them. */
  readonly schema: Map<string, Table>;
  /** The schema that the migrations lead to. */
  readonly target: Schema;
  /**
   * What the repairs planned so far take out of the way of a constraint, as `table.column`: rows with a value
   * that it would not allow. The checks on constraints count those as gone.
   */
  readonly repaired: Set<string>;
  readonly settings: Settings;
  /** The email of the administrator that the checks are about (see `findAdmin`). */
  readonly adminEmail: string;
  /** Statements for what is missing of team, membership, roles, assignment; null while there is no admin. */
  readonly seed: SeedPlan | null;
  readonly overrides: Overrides;
  /** How many findings of a check are wanted. */
  readonly sampleSize: number;
  readonly now: Date;
}

export interface Findings {
  /** How many there are in all. */
  readonly count: number;
  /** Some of them, a line each; with a count of 0 facts that are told all the same. */
  readonly sample: readonly Text[];
  /** Advice for just these findings, in place of the check's own. */
  readonly hint?: Text;
  /** The command that repairs just these findings, in place of the check's own. */
  readonly command?: Command | undefined;
  /** How many of them the repair can do nothing about (collisions, for instance); 0 unless told. */
  readonly unfixable?: number;
  /** A migration refuses to go on with these: they are repaired first, as `hint` says, at any release. */
  readonly first?: boolean;
  /** Why it could not be checked, which is no pass: a sentence without its full stop. */
  readonly skipped?: Text;
  /** What was not looked into for want of a setting, which `hint` names: no pass, and no finding of the data either. */
  readonly unseen?: Text;
  /** What a migration goes on with, and tells as a warning. */
  readonly notes?: readonly Text[];
  /** The command that is better than what the repair does, as far as it is there. */
  readonly instead?: Command | undefined;
}

export const CLEAN: Findings = { count: 0, sample: [] };

/** Nothing is wrong; the facts are told all the same. */
export function fine(...facts: readonly Text[]): Findings {
  return { count: 0, sample: facts };
}

/** One thing that is wrong a line; nothing is where there is none. */
export function found(sample: readonly Text[], more?: Omit<Findings, 'count' | 'sample'>): Findings {
  return { count: sample.length, sample, ...more };
}

/** One finding for each, a line and the statement that repairs it. */
export function foundEach<T>(
  wrong: readonly T[],
  line: (each: T) => string,
  statement: (each: T) => string,
  more?: Omit<Findings, 'count' | 'sample' | 'command'>,
): Findings {
  return found(wrong.map(line), { command: sqlCommand(...wrong.map(statement)), ...more });
}

/** How data is repaired: `fix` runs the statements in its own transaction. */
export interface DataRepair {
  /** What it will do, a line each, for people. */
  readonly summary: readonly string[];
  readonly statements: readonly Statement[];
}

/** How anything else is repaired, by `doctor --repair`. */
export interface Repair {
  /** What it will do and what it keeps, a line each. */
  readonly summary: readonly string[];
  /**
   * Does it. No connection of this program to the database is open meanwhile.
   *
   * @returns what was done, a line each: sizes before and after, rows recovered and lost …
   * @throws GatewayError that says in what state things are
   */
  run(hands: Hands): Promise<readonly Text[]>;
}

/** What a repair may use of the command that runs it. */
export interface Hands {
  /** Tells about progress on standard error. */
  log(line: string): void;
  /**
   * Whether what was rebuilt beside the database shall take its place: `--swap`, or a person's answer.
   *
   * @param facts what a person must know to answer, a line each
   */
  maySwap(question: string, facts?: readonly string[]): Promise<boolean>;
  /** Tells what was lost, or may be: shown with `--quiet`, too, and the command ends with exit code 1. */
  warn(line: string): void;
  /** The command to run next, before anything that is found again. */
  goOn(command: Command): void;
  readonly signal: AbortSignal;
}

/**
 * One thing that can be wrong, and how it is repaired. `find` only reads and leaves nothing behind. `repair` only
 * plans: what it returns is shown, and run when it is wanted.
 */
export interface Check<Context = CheckContext, Plan = DataRepair> {
  /** Stable, `group.name`: scripts name it in `--only` and `--skip`. */
  readonly id: string;
  /** What is looked at, or what is so when nothing is found: `The file can be read`. */
  readonly title: string;
  /** `error`: the migration cannot work, or must not be tried; `warning`: it can, but something is not well. */
  readonly level: CheckLevel;
  /** What a finding means, and what to do about it. */
  readonly hint: Text;
  /** The literal command that repairs it, `Findings.command` is nearer. */
  readonly command?: Command | undefined;
  /** Tables without which it cannot be checked; it is then skipped, which is no pass. */
  readonly requires?: readonly string[];
  /** It finds what a migration refuses to go on with, or does not mend: its advice and repair are for any release. */
  readonly anyRelease?: boolean;
  /** Others ask of what it repairs, so that it is repaired before they are asked. */
  readonly early?: boolean;
  /** When something is found, what comes later cannot be looked at. */
  readonly decisive?: boolean;
  /** The one release of the gateway's data that it is about: at another it is not made, and not told. */
  readonly onlyAt?: '0.7.0';
  /** `migrate` looks at it, too, before it writes: findings are warnings of its own, or it refuses. */
  readonly preflight?: 'warn' | 'refuse';
  /** Slow work that is no query; it is begun before the first check and awaited by `find`. */
  ahead?(context: Context): Promise<unknown>;
  find(context: Context): Promise<Findings>;
  /** Returns null when nothing can be done with the flags given, or in this case. Writes nothing. */
  repair?(context: Context, findings: Findings): Promise<Plan | null>;
}

/** A check of what surrounds the data. */
export type DoctorCheck<Context> = Check<Context, Repair>;
