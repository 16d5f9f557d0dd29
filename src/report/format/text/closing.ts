import { outcome } from '../../outcome.ts';
import { printable } from '../../printable.ts';
import type { Draft } from '../../report.ts';
import { hanging } from './hanging.ts';
import type { Page } from './page.ts';

/** The mark and the sentence a finished run ends with; nothing when the report's tables say it all. */
export function closing(report: Draft, { style, paint, signs }: Page): string[] {
  const text = printable(outcome(report));
  if (text === '') return [];
  const fine = report.status === 'ok';
  return hanging({
    lead: `${fine ? signs.good : signs.bad} `,
    text,
    width: style.width,
    paintLead: fine ? paint.green : paint.red,
    paint: paint.bold,
  });
}
