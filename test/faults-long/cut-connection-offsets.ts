import type { CutOptions } from '../faults/cut-connection-cases.ts';

const every = (step: number, to: number) => Array.from({ length: to / step }, (_, i) => 10 + i * step);

/**
 * Where connections are cut, in bytes: all over a run, in each direction.
 *
 * @param coarser how many times the steps of a server whose sister is cut at each
 */
export function offsets(coarser: number): Pick<CutOptions, 'up' | 'down'> {
  return { up: every(3_000 * coarser, 45_000), down: every(7_000 * coarser, 119_000) };
}
