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
