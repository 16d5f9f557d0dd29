export interface TestOptions {
  /** Start no server: only SQLite runs. */
  readonly sqliteOnly: boolean;
  /** A database that cannot be had is a failure. */
  readonly allNeeded: boolean;
  readonly vitestArguments: readonly string[];
}

/** What `--faults` runs: what npm test runs of it, and what takes too long for that. */
const FAULTS = ['test/faults/', 'test/faults-long/'];
const LONG = 'test/faults-long/**';

/**
 * Our three options; everything else is vitest's. In CI (CI=true) every database is needed. The long fault tests
 * run with `--faults`, or when they are named.
 */
export function testOptions(argv: readonly string[], environment: NodeJS.ProcessEnv): TestOptions {
  const own = ['--sqlite-only', '--all', '--faults'];
  const others = argv.filter((argument) => !own.includes(argument));
  const faults = argv.includes('--faults');
  const long = faults || others.some((argument) => argument.includes('faults-long'));
  return {
    sqliteOnly: argv.includes('--sqlite-only'),
    allNeeded: argv.includes('--all') || environment.CI === 'true',
    vitestArguments: [...others, ...(faults ? FAULTS : []), ...(long ? [] : ['--exclude', LONG])],
  };
}
