import type { Text } from './advice.ts';
import type { Draft, Report } from './report.ts';

/** The same report with every text changed that may have a command in it. */
export function eachText<T extends Text>(report: Draft, change: (text: Text) => T): Report<T> {
  const { error } = report;
  return {
    ...report,
    checks: report.checks.map(({ command, ...check }) => ({
      ...check,
      findings: check.findings.map(change),
      hint: change(check.hint),
      ...(command === undefined ? {} : { command: change(command) }),
    })),
    sections: report.sections.map((section) => ({
      ...section,
      title: change(section.title),
      rows: section.rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell : change(cell)))),
    })),
    warnings: report.warnings.map(change),
    error:
      error === null
        ? null
        : {
            ...error,
            message: change(error.message),
            hint: change(error.hint),
            details: error.details.map(change),
          },
    next: change(report.next),
  };
}
