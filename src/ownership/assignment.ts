/** Which team, owner and visibility rows get that have none (COMPATIBILITY §5). */
export interface Assignment {
  /** What rows with neither team nor owner get. */
  readonly teamId: string;
  readonly ownerEmail: string;
  readonly visibility: string;
  /** The administrator with the personal team that is theirs when the run is over; other users' is looked up. */
  readonly admin?: { readonly email: string; readonly teamId: string } | undefined;
  /** Written into the empty `federation_source` of rows that had neither (`--marker`). */
  readonly marker?: string | undefined;
  /** `fix --team` / `--owner`: what half-assigned rows get instead of their natural counterpart. */
  readonly forcedTeamId?: string | undefined;
  readonly forcedOwnerEmail?: string | undefined;
  /** `fix --visibility`: half-assigned rows get it too. */
  readonly forcedVisibility?: string | undefined;
}
