/** The parts of vitest's JSON report (the shape of Jest's) that times are read from. */
export interface TimedReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly duration?: number | null;
    }[];
  }[];
}

/**
 * The tests and the files that took longest, a line each, the slowest first.
 *
 * @param root what is left out of the files' names
 * @param count of each
 */
export function slowest({ testResults }: TimedReport, root: string, count = 10): string {
  const files = testResults.map(({ name, assertionResults }) => ({
    name: name.replace(`${root}/`, ''),
    tests: assertionResults.map(({ fullName, duration }) => ({ name: fullName, ms: duration ?? 0 })),
  }));
  const sums = files.map(({ name, tests }) => ({ name, ms: tests.reduce((sum, { ms }) => sum + ms, 0) }));
  const tests = files.flatMap(({ name, tests }) =>
    tests.map((test) => ({ name: `${name}: ${test.name.trim()}`, ms: test.ms })),
  );
  return [
    `The ${count} slowest files:`,
    ...longest(sums, count),
    `The ${count} slowest tests:`,
    ...longest(tests, count),
  ]
    .join('\n  ')
    .replaceAll('\n  The', '\nThe');
}

function longest(list: readonly { readonly name: string; readonly ms: number }[], count: number): string[] {
  return list
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, count)
    .map(({ name, ms }) => `${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`);
}
