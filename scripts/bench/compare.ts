import { median } from './median.ts';
import { type Command, timedRun } from './timed-run.ts';

export interface Comparison {
  readonly ours: number;
  readonly native: number;
  readonly peakMb: number | null;
}

/**
 * Runs our program and the native client in turn, so that whatever else the machine does falls on both.
 *
 * @param prepare makes what a run works on as it was; not timed
 * @returns medians of the times, and the highest peak of memory
 */
export async function compare(
  runs: number,
  prepare: () => Promise<void>,
  ours: Command,
  native: Command,
): Promise<Comparison> {
  const times = { ours: [] as number[], native: [] as number[] };
  const peaks: number[] = [];
  for (let run = 0; run < runs; run++) {
    await prepare();
    const mine = await timedRun(ours);
    times.ours.push(mine.ms);
    if (mine.peakMb !== null) peaks.push(mine.peakMb);
    await prepare();
    times.native.push((await timedRun(native, { memory: false })).ms);
  }
  return {
    ours: median(times.ours),
    native: median(times.native),
    peakMb: peaks.length === 0 ? null : Math.max(...peaks),
  };
}
