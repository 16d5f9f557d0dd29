/**
 * How many letters must be put in, taken out, replaced or swapped with their neighbour to make one word of the
 * other ("optimal string alignment").
 *
 * @param atMost where to stop counting: words further apart than that are `Infinity` apart
 */
export function editDistance(a: string, b: string, atMost: number): number {
  const far = Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  let nearestLast = 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    let nearest = i;
    // Further from the diagonal than that, the letters in between alone are too many.
    for (let j = Math.max(1, i - atMost); j <= Math.min(b.length, i + atMost); j += 1) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const least = Math.min(
        (last[j] ?? far) + 1,
        (row[j - 1] ?? far) + 1,
        (last[j - 1] ?? far) + (same ? 0 : 1),
        swapped ? (before[j - 2] ?? far) + 1 : far,
      );
      row[j] = least;
      if (least < nearest) nearest = least;
    }
    // Two rows, since a swap reaches over one.
    if (nearest > atMost && nearestLast > atMost) return far;
    before = last;
    last = row;
    nearestLast = nearest;
  }
  const distance = last[b.length] ?? far;
  return distance <= atMost ? distance : far;
}
