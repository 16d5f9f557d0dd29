/** One line of the table. */
export interface Measurement {
  readonly what: string;
  /** Milliseconds of our program, and of what it is compared to. */
  readonly ours: number;
  readonly native: number;
  /** Peak memory of our program; null where it was not measured. */
  readonly peakMb: number | null;
  /** What is to be reached; absent where no mark is set. */
  readonly marks: { readonly ratio?: number; readonly ms?: number; readonly peakMb?: number };
}

/** The marks of `npm run bench`; the one on seconds is for SQLite at the full size. */
export const PEAK_MARK_MB = 200;
/** An export reads everything and keeps nothing. */
export const EXPORT_PEAK_MARK_MB = 150;
