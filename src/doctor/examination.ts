import type { Findings } from '../checks/check.ts';
import type { CheckLevel } from '../report/report.ts';
import type { Mend } from './mend.ts';

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
   * The literal command that mends it, for a shell or (`isSql`) the database’s client; an empty string when none
   * can. `Findings.command` is nearer.
   */
  readonly command: string;
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
