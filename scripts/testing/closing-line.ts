/** The parts of vitest's JSON report (the shape of Jest's) that are counted. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface Closing {
  /** `N passed, N failed, N skipped`: the last line that `npm test` prints. */
  readonly line: string;
  readonly exitCode: 0 | 1;
}

/**
 * What the run came to. A test file that failed as a whole (it could not be imported, or a hook threw) without
 * a failed test of its own counts as one failure. No report, or no test that ran, is a failure too.
 */
export function closing(report: VitestReport | undefined, vitestExitCode: number): Closing {
  if (report === undefined) return { line: '0 passed, 0 failed, 0 skipped', exitCode: 1 };
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const passed = report.numPassedTests;
  const failed = report.numFailedTests + brokenFiles;
  const skipped = report.numPendingTests + report.numTodoTests;
  return {
    line: `${passed} passed, ${failed} failed, ${skipped} skipped`,
    exitCode: vitestExitCode === 0 && failed === 0 && passed > 0 ? 0 : 1,
  };
}
