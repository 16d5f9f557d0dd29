export interface TestOptions {
  /** Start no server: only SQLite runs. */
  readonly sqliteOnly: boolean;
  /** A database that cannot be had is a failure. */
  readonly allNeeded: boolean;
  readonly vitestArguments: readonly string[];
}

/** Our two options; everything else is vitest's. In CI (CI=true) every database is needed. */
export function testOptions(argv: readonly string[], environment: NodeJS.ProcessEnv): TestOptions {
  const own = ['--sqlite-only', '--all'];
  return {
    sqliteOnly: argv.includes('--sqlite-only'),
    allNeeded: argv.includes('--all') || environment.CI === 'true',
    vitestArguments: argv.filter((argument) => !own.includes(argument)),
  };
}
