export interface TestOptions {
  /** Start no server: only SQLite runs. */
  readonly sqliteOnly: boolean;
  /** Every test runs on every version of its databases, not on one of each family. */
  readonly everyVersion: boolean;
  /** A database that cannot be had is a failure. */
  readonly allNeeded: boolean;
  readonly vitestArguments: readonly string[];
  /** Which releases of the real gateway are needed: those of CI, all of `--gateway`, else none. */
  readonly gateways: 'none' | 'short' | 'all';
  /** What is done with docs/tried-on.md: a run of all tests on every version with all that they can use compares it, `--tried` writes it. */
  readonly tried: 'no' | 'compare' | 'write';
}

/** What `--faults` runs: what npm test runs of it, and what takes too long for that. */
const FAULTS = ['test/faults/', 'test/faults-long/'];
const LONG = 'test/faults-long/**';
/** What `--gateway` runs, and what of it takes too long for CI. */
const GATEWAY = 'test/gateway/';
const LONG_GATEWAY = 'test/gateway/long/**';
/** What `--tried` runs. */
const FIELD = 'test/field/';

/**
 * Our six options; everything else is vitest's. In CI (CI=true) every database is needed. The long fault tests
 * run with `--faults`, or when they are named.
 */
export function testOptions(argv: readonly string[], environment: NodeJS.ProcessEnv): TestOptions {
  const own = ['--sqlite-only', '--all', '--versions', '--faults', '--tried', '--gateway'];
  const others = argv.filter((argument) => !own.includes(argument));
  const faults = argv.includes('--faults');
  const gateway = argv.includes('--gateway');
  const tried = argv.includes('--tried');
  const everyVersion = tried || argv.includes('--versions');
  const long = faults || others.some((argument) => argument.includes('faults-long'));
  const allNeeded = argv.includes('--all') || environment.CI === 'true';
  const complete =
    allNeeded &&
    everyVersion &&
    !!environment.MCPGW_REAL_DATABASES &&
    argv.every((argument) => ['--all', '--versions'].includes(argument));
  return {
    sqliteOnly: argv.includes('--sqlite-only'),
    everyVersion,
    allNeeded,
    vitestArguments: [
      ...others,
      ...(faults ? FAULTS : []),
      ...(gateway ? [GATEWAY] : []),
      ...(tried ? [FIELD] : []),
      ...(long ? [] : ['--exclude', LONG]),
      ...(gateway ? [] : ['--exclude', LONG_GATEWAY]),
    ],
    gateways: gateway ? 'all' : allNeeded && !tried && !faults ? 'short' : 'none',
    tried: tried ? 'write' : complete ? 'compare' : 'no',
  };
}
