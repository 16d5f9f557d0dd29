import type { Check } from './check.ts';

/**
 * Every check in the order they run and are shown; `fix` repairs in this order too, so that what a repair
 * builds on (a team, a valid row) comes before it.
 */
export const CHECKS: readonly Check[] = [];
