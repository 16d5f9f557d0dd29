import type { Connection } from '../database/connection.ts';
import type { Statement } from '../database/statement.ts';
import type { CheckLevel } from '../report/report.ts';
import type { Schema, Table } from '../schema/model.ts';
import type { SeedPlan } from '../seed/plan-seed.ts';
import type { Settings } from '../settings/settings.ts';

/** What checks look at, and repairs write with. */
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
  readonly mended: Set<string>;
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

/** Flags of `fix` that say which values rows get. */
export interface Overrides {
  readonly teamId?: string | undefined;
  readonly ownerEmail?: string | undefined;
  readonly visibility?: string | undefined;
}

export interface Findings {
  /** How many there are in all. */
  readonly count: number;
  /** Some of them, a line each. */
  readonly sample: readonly string[];
  /** Advice for just these findings, in place of the check's own. */
  readonly hint?: string;
  /** How many of them the repair can do nothing about (collisions, for instance); 0 unless told. */
  readonly unfixable?: number;
  /** A migration refuses to go on with these: they are mended first, as `hint` says, at any release. */
  readonly first?: boolean;
  /** Why it could not be checked, which is no pass: a sentence without its full stop. */
  readonly skipped?: string;
}

export const CLEAN: Findings = { count: 0, sample: [] };

export interface Repair {
  /** What it will do, a line each, for people. */
  readonly summary: readonly string[];
  readonly statements: readonly Statement[];
}

/**
 * One thing that can be wrong with a database, and how it is mended. `find` only reads. `repair` only plans:
 * it returns the statements, so that `--dry-run` shows what a run would execute.
 */
export interface Check {
  /** Stable: scripts name it in `--only` and `--skip`. */
  readonly id: string;
  readonly title: string;
  readonly level: CheckLevel;
  /** It finds what a migration refuses to go on with, so it is mended at any release. */
  readonly anyRelease?: boolean;
  /** Others ask of what it mends, so that it is mended before they are asked. */
  readonly early?: boolean;
  /** Tables without which it cannot be checked; it is then skipped, which is no pass. */
  readonly requires: readonly string[];
  /** What to do about its findings. */
  readonly hint: string;
  /** Slow work that is no query; it is begun before the first check and awaited by `find`. */
  ahead?(context: CheckContext): Promise<unknown>;
  find(context: CheckContext): Promise<Findings>;
  /** Returns null when nothing can be done with the flags given. */
  repair?(context: CheckContext, findings: Findings): Promise<Repair | null>;
}
