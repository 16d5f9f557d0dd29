import type { Manifest } from './manifest.ts';

/**
 * What a backup is of, for people: `0.6.0`, or `0.6.0, unfinished upgrade`.
 *
 * @param mark what an unfinished upgrade adds
 */
export function releaseLabel(
  { release, unfinished }: Pick<Manifest, 'release' | 'unfinished'>,
  mark = ', unfinished upgrade',
): string {
  // A new database that was not finished has no release to be upgraded from.
  return unfinished && release !== 'unfinished' ? release + mark : release;
}
