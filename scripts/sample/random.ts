/** A small repeatable random source (mulberry32): the same seed gives the same database everywhere. */
export interface Random {
  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number;
  /** True in `share` of all cases, 0 to 1. */
  chance(share: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** `digits` hexadecimal digits. */
  hex(digits: number): string;
  /** A moment in the summer of 2025, to the millisecond. */
  moment(): Date;
}

const FIRST_MOMENT = Date.UTC(2025, 5, 1);
const SPAN_MS = 90 * 24 * 60 * 60 * 1000;

export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    chance: (share) => next() < share,
    pick: (list) => list[below(list.length)] ?? list[0],
    hex(digits) {
      let text = '';
      while (text.length < digits) text += below(0x1000000).toString(16).padStart(6, '0');
      return text.slice(0, digits);
    },
    moment: () => new Date(FIRST_MOMENT + Math.floor(next() * SPAN_MS)),
  };
}
