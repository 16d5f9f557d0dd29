import type { Report } from '../report.ts';

/** The contract for machines: the report as it is (`report.schema.json`); the style does not change it. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
