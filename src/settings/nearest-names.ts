import { editDistance } from './edit-distance.ts';

/** So many letters of a word may be wrong, and one of every three in a short one. */
const SLIPS = 3;
const SHOWN = 3;

/** Of these names those most like what somebody typed, nearest first: with a few letters wrong, or with more around it. */
export function nearestNames(typed: string, names: Iterable<string>): string[] {
  const word = typed.trim().toLowerCase();
  const allowed = Math.max(1, Math.min(SLIPS, Math.floor(word.length / 3)));
  const near = [...new Set(names)].flatMap((name) => {
    const other = name.toLowerCase();
    const isPart = word.length >= SLIPS && other.includes(word);
    const distance = isPart ? 1 : editDistance(word, other, allowed);
    return distance <= allowed ? [{ name, distance }] : [];
  });
  return near
    .toSorted((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, SHOWN)
    .map(({ name }) => name);
}

/** What an error about an unknown name ends in: ` Nearest: a, b.`; nothing where none is near. */
export function nearestTo(typed: string, names: Iterable<string>): string {
  const near = nearestNames(typed, names);
  return near.length === 0 ? '' : ` Nearest: ${near.join(', ')}.`;
}
