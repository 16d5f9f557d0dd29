import type { Timing } from '../timing.ts';

/** What a command may know of the process it runs in. Tests hand in their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Whether a question can be asked: standard input and standard error are terminals. */
  readonly interactive: boolean;
  /** Shorter times to wait than people get: tests have no time. */
  readonly timing?: Partial<Timing>;
  /** Aborted by the first Ctrl-C or SIGTERM, with the signal's name as its reason. */
  readonly signal: AbortSignal;
}

export interface OutputStream {
  write(text: string): unknown;
  /** Waits until what was written has gone; throws what kept it from that. */
  flush?(): Promise<void>;
  readonly isTTY: boolean;
  readonly columns: number | undefined;
}
