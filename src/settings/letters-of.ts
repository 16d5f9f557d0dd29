/**
 * The letters of a word as a set of 32 bits, several letters sharing one. To put a letter in, take one out or swap
 * two changes one bit at most, to replace one changes two.
 */
export function lettersOf(word: string): number {
  let letters = 0;
  for (let i = 0; i < word.length; i += 1) letters |= 1 << (word.charCodeAt(i) & 31);
  return letters;
}

/** False only for words that are more than `edits` steps of `editDistance` apart, by their letters. */
export function mayBeNear(a: number, b: number, edits: number): boolean {
  let left = 2 * edits;
  for (let differing = a ^ b; differing !== 0; differing &= differing - 1) {
    left -= 1;
    if (left < 0) return false;
  }
  return true;
}
