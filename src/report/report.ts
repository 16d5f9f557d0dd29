import type { ErrorCode, ExitCode } from '../errors.ts';
import type { Text } from './advice.ts';

/**
 * The result of a command as plain data: what every renderer prints and what `--format json` writes.
 * Nothing in it is a secret: URLs are masked and hashes, tokens and passwords never enter.
 *
 * `T` is what a person reads: strings once they are written, words with commands as data before (`Draft`).
 */
export interface Report<T = string> {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: 'mcpgw'; readonly version: string };
  readonly command: string;
  readonly status: ReportStatus;
  readonly exitCode: ExitCode;
  readonly database: DatabaseReport | null;
  readonly steps: readonly StepReport[];
  readonly checks: readonly CheckReport<T>[];
  /** Titled tables and notes of one command (rows per table, settings, history …), in display order. */
  readonly sections: readonly Section<T>[];
  readonly warnings: readonly T[];
  readonly error: ErrorReport<T> | null;
  /** The command to run next, or an empty string when nothing is left to do. */
  readonly next: T;
}

/** A report whose texts and commands are not written yet. */
export type Draft = Report<Text>;
export type DraftCheck = CheckReport<Text>;
export type DraftSection = Section<Text>;

export type ReportStatus = 'ok' | 'findings' | 'refused' | 'partial' | 'locked' | 'interrupted';

export interface DatabaseReport {
  readonly dialect: 'sqlite' | 'postgresql' | 'mysql';
  /** Product and version, e.g. `PostgreSQL 15.18`, `MariaDB 10.11.19`, `SQLite 3.53.1`; empty when unknown. */
  readonly server: string;
  /** Without password; an SQLAlchemy URL. */
  readonly url: string;
  /** `0.6.0`, `0.7.0`, `empty`, `unknown` … */
  readonly release: string;
  /** The row(s) of `alembic_version`, comma separated; empty when there is none. */
  readonly revision: string;
}

export interface StepReport {
  readonly id: string;
  readonly title: string;
  readonly status: 'done' | 'already' | 'planned' | 'failed' | 'skipped';
  /** Rows written or assigned; null where the step writes no rows. */
  readonly rows: number | null;
  readonly durationMs: number;
  /**
   * Statements of the step, with secrets masked; filled by `--dry-run` only. Those of a step that is in place
   * (`already`) record that it is.
   */
  readonly statements?: readonly string[];
}

export type CheckLevel = 'error' | 'warning' | 'info';
export type CheckStatus = 'passed' | 'failed' | 'warned' | 'skipped' | 'errored';

export interface CheckReport<T = string> {
  readonly id: string;
  /** Filled by `doctor`: the heading it stands under. */
  readonly group?: string;
  readonly title: string;
  readonly level: CheckLevel;
  readonly status: CheckStatus;
  /** How many findings there are in all; `findings` is a sample of them. */
  readonly count: number;
  readonly findings: readonly T[];
  readonly fixable: boolean;
  /** What to do; for skipped and errored checks, why. */
  readonly hint: T;
  /** Filled by `doctor`: the literal command that repairs it; SQL begins with a word in capitals. */
  readonly command?: T;
  /** Filled by `fix` and `doctor --repair`: how many were repaired, and how many remain. */
  readonly repaired?: number;
  readonly remaining?: number;
}

export interface Section<T = string> {
  readonly id: string;
  readonly title: T;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (T | number)[])[];
}

export interface ErrorReport<T = string> {
  readonly code: ErrorCode;
  readonly message: T;
  readonly hint: T;
  readonly details: readonly T[];
}
