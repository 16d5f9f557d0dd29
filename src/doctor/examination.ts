import type { Findings } from '../checks/check.ts';
import type { CheckLevel } from '../report/report.ts';

/** Headings of the report, in its order. The part of an id before its dot is the one it stands under. */
export const GROUPS = {
  settings: 'Settings',
  machine: 'Machine',
  file: 'File',
  server: 'Server',
  database: 'Database',
  data: 'Gateway data',
  access: 'Access test',
} as const;
export type Group = keyof typeof GROUPS;

/**
 * One reason why a database might not work, and how it is mended. Like a check of `verify`, but of what
 * surrounds the data; `find` only reads and leaves nothing behind.
 */
export interface Examination<Context> {
  /** Stable: `group.name`. */
  readonly id: `${Group}.${string}`;
  /** What is so when nothing is found: `The file can be read`. */
  readonly title: string;
  /** `error`: the migration cannot work, or must not be tried; `warning`: it can, but something is not well. */
  readonly level: CheckLevel;
  /** What a finding means for the gateway and for its migration: one or two sentences. */
  readonly meaning: string;
  /**
   * The literal command that mends it, for a shell or (`isSql`) the database’s client; none or an empty string when
   * none can. `DoctorFindings.command` is nearer.
   */
  readonly command?: string;
  /** When something is found, what comes later cannot be looked at. */
  readonly decisive?: boolean;
  /** The one release of the gateway's data that it is about: at another it is not made, and not told. */
  readonly onlyAt?: '0.7.0';
  /** `migrate` looks at it, too, before it writes: findings are warnings of its own, or it refuses. */
  readonly preflight?: 'warn' | 'refuse';
  find(context: Context): Promise<DoctorFindings>;
  /** Plans what `--repair` does; null when it cannot help in this case. Writes nothing yet. */
  repair?(context: Context, findings: DoctorFindings): Promise<Mend | null>;
}

export interface DoctorFindings extends Findings {
  /** The command that mends just these findings, in place of the examination's own. */
  readonly command?: string;
  /** What a migration goes on with, and tells as a warning. */
  readonly notes?: readonly string[];
  /** The command that is better than what `--repair` does, as far as it is there. */
  readonly instead?: string;
}

/** Nothing is wrong; the facts are told all the same. */
export function fine(...facts: readonly string[]): DoctorFindings {
  return { count: 0, sample: facts };
}

/** One thing that is wrong a line; nothing is where there is none. */
export function found(
  sample: readonly string[],
  more?: Omit<DoctorFindings, 'count' | 'sample'>,
): DoctorFindings {
  return { count: sample.length, sample, ...more };
}

/** A repair that was planned: what it will do, for people, and the doing. */
export interface Mend {
  /** What it will do and what it keeps, a line each. */
  readonly summary: readonly string[];
  /**
   * Does it. No connection of this program to the database is open meanwhile.
   *
   * @returns what was done, a line each: sizes before and after, rows recovered and lost …
   * @throws GatewayError that says in what state things are
   */
  run(hands: MendHands): Promise<readonly string[]>;
}

/** What a repair may use of the command that runs it. */
export interface MendHands {
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
  goOn(command: string): void;
  readonly signal: AbortSignal;
}
