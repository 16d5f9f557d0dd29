/** How many findings of one check a report has: enough to see the pattern, or with `--verbose` to work through. */
export function sampleSize(verbose: boolean): number {
  return verbose ? 1_000 : 10;
}
