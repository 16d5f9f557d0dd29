import { displayWidth } from '../../display-width.ts';
import { printable } from '../../printable.ts';
import { hanging } from './hanging.ts';

interface Advice {
  /** Before the first line; the others are indented by its width. */
  readonly lead: string;
  readonly lines: readonly string[];
  readonly width: number;
  readonly paintLead: (lead: string) => string;
  readonly paint: (line: string) => string;
}

/** A line that is there to be copied. */
const COMMAND = /^(Run|SQL): /;

/**
 * What to do, line by line: hints are written by this tool, so their line breaks are meant; what they quote is
 * still made printable. Commands are never wrapped.
 */
export function advice({ lead, lines, width, paintLead, paint }: Advice): string[] {
  const indent = ' '.repeat(displayWidth(lead));
  return lines.flatMap((line, index) =>
    hanging({
      lead: index === 0 ? lead : indent,
      text: printable(line),
      width: COMMAND.test(line) ? Number.POSITIVE_INFINITY : width,
      paintLead,
      paint,
    }),
  );
}
