import { UNSAFE } from '../printable.ts';
import type { Report } from '../report.ts';

/**
 * The contract for machines: the report as it is (`report.schema.json`); the style does not change it. People look
 * at it as well: what a terminal would act on or hide is escaped, which every reader of JSON takes back.
 */
export function renderJson(report: Report): string {
  const text = JSON.stringify(report, null, 2).replace(UNSAFE, (char) =>
    char === '\n' ? char : Array.from({ length: char.length }, (_, at) => escaped(char, at)).join(''),
  );
  return `${text}\n`;
}

function escaped(char: string, at: number): string {
  return `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`;
}
