import { parseArgs } from 'node:util';

/** The databases that speed can be measured on, by the names of the test servers. */
export const BENCH_DATABASES = ['sqlite', 'postgres', 'mariadb', 'mysql'] as const;
export type BenchDatabaseId = (typeof BENCH_DATABASES)[number];

/** What can be measured, in this order. */
export const MEASUREMENTS = ['startup', 'migrate', 'verify', 'fix', 'export'] as const;
export type MeasurementName = (typeof MEASUREMENTS)[number];

export interface BenchOptions {
  readonly databases: readonly BenchDatabaseId[];
  readonly measurements: readonly MeasurementName[];
  /** Tools in the database; everything else is in proportion. */
  readonly tools: number;
  /** How often each thing is measured; the median counts. */
  readonly runs: number;
}

export const USAGE = `Usage: npm run bench -- [options]

  --only <list>     databases, of ${BENCH_DATABASES.join(', ')} (default: all but mysql)
  --measure <list>  of ${MEASUREMENTS.join(', ')} (default: all)
  --tools <n>       tools in the database, the rest in proportion (default: 100000, the size of the marks)
  --runs <n>        how often each is measured, the median counts (default: 3)`;

/** @throws Error with what is wrong; USAGE says what is right */
export function benchOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string', default: 'sqlite,postgres,mariadb' },
      measure: { type: 'string', default: MEASUREMENTS.join() },
      tools: { type: 'string', default: '100000' },
      runs: { type: 'string', default: '3' },
    },
  });
  return {
    databases: listed('--only', values.only, BENCH_DATABASES),
    measurements: listed('--measure', values.measure, MEASUREMENTS),
    tools: count('--tools', values.tools),
    runs: count('--runs', values.runs),
  };
}

function listed<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !known.some((k) => k === name));
  if (unknown.length > 0) throw new Error(`${option}: no such name: ${unknown.join(', ')}`);
  return known.filter((name) => names.includes(name));
}

function count(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option}: it must be a whole number from 1`);
  return number;
}
