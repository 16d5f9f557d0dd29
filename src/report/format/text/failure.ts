import { linesOf, mapParts, type Text } from '../../advice.ts';
import { outcome } from '../../outcome.ts';
import { printable } from '../../printable.ts';
import type { Draft, ErrorReport } from '../../report.ts';
import { advice } from './advice.ts';
import { hanging } from './hanging.ts';
import type { Page } from './page.ts';

/** What happened, the details, what became of the data, and what to do. */
export function failure(report: Draft & { readonly error: ErrorReport<Text> }, page: Page): string[] {
  const { style, paint, signs } = page;
  const { error } = report;
  const ending = printable(outcome(report));
  // Machines read in the hint what people see on the line above it.
  const hint = mapParts(error.hint, (words) => words.replace(ending, ''));
  return [
    ...hanging({
      lead: `${signs.bad} `,
      text: `${printable(error.message)} (${error.code})`,
      width: style.width,
      paintLead: paint.red,
      paint: (line) => paint.red.bold(line),
    }),
    ...error.details.flatMap((detail) =>
      hanging({ lead: '  - ', text: printable(detail), width: style.width, paintLead: paint.red }),
    ),
    ...(ending === '' ? [] : hanging({ lead: '  ', text: ending, width: style.width })),
    ...advice({
      lead: '  To do: ',
      lines: linesOf(hint),
      width: style.width,
      paintLead: paint.dim,
      paint: paint.cyan,
    }),
  ];
}
