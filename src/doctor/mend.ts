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
  /** Whether what was rebuilt beside the database shall take its place: `--swap`, or a person's answer. */
  maySwap(question: string): Promise<boolean>;
  readonly signal: AbortSignal;
}
