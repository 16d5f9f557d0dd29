import { join } from 'node:path';
import { BUILT_PROGRAM } from '../build.ts';
import { createSample } from '../sample/create-sample.ts';
import { SMALL_SAMPLE } from '../sample/sample-size.ts';
import type { Measurement } from './measurement.ts';
import { median } from './median.ts';
import { timedRun } from './timed-run.ts';

const RUNS = 20;

/** `--version`, and `status` on a small SQLite database, against Node itself doing nothing. */
export async function measureStartup(folder: string): Promise<Measurement[]> {
  const url = `sqlite:///${join(folder, 'startup.db')}`;
  await createSample(url, SMALL_SAMPLE);
  const subjects = {
    node: ['-e', '0'],
    version: [BUILT_PROGRAM, '--version'],
    status: [BUILT_PROGRAM, 'status'],
  };
  const times = { node: [] as number[], version: [] as number[], status: [] as number[] };
  for (let run = 0; run < RUNS; run++) {
    for (const name of ['node', 'version', 'status'] as const) {
      const command = { program: process.execPath, args: subjects[name], env: { DATABASE_URL: url } };
      times[name].push((await timedRun(command, { memory: false })).ms);
    }
  }
  const native = median(times.node);
  return [
    {
      what: '--version, against node -e 0',
      ours: median(times.version),
      native,
      peakMb: null,
      marks: { ratio: 1.2 },
    },
    {
      what: 'status, against node -e 0',
      ours: median(times.status),
      native,
      peakMb: null,
      marks: { ms: 200 },
    },
  ];
}
