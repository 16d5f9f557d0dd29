import { Command, partsOf, type Text } from '../../advice.ts';
import { displayWidth } from '../../display-width.ts';
import { printable } from '../../printable.ts';
import { hanging } from './hanging.ts';

interface Hint {
  /** Before the first line; the others are indented by its width. */
  readonly lead: string;
  readonly lines: readonly Text[];
  readonly width: number;
  readonly paintLead: (lead: string) => string;
  readonly paint: (line: string) => string;
}

/** Before a command on its line: `Run: `, `SQL: `. */
const LEAST_WORDS = 'Run: '.length;

/**
 * What to do, line by line: hints are written by this tool, so their line breaks are meant; what they quote is
 * still made printable. Commands are never wrapped.
 */
export function advice({ lead, lines, width, paintLead, paint }: Hint): string[] {
  const indent = ' '.repeat(displayWidth(lead));
  const room = width - displayWidth(lead);
  return lines
    .flatMap((line) => apart(line, room))
    .flatMap(({ text, isCommand }, index) =>
      hanging({
        lead: index === 0 ? lead : indent,
        text,
        width: isCommand ? Number.POSITIVE_INFINITY : width,
        paintLead,
        paint,
      }),
    );
}

/** A command at the end of a line that is too short for it gets one of its own. */
function apart(line: Text, room: number): { readonly text: string; readonly isCommand: boolean }[] {
  const text = printable(line).trim();
  const last = partsOf(line).at(-1);
  if (!(last instanceof Command) || displayWidth(text) <= room) return [{ text, isCommand: false }];
  const before = text.slice(0, -printable(last).length);
  if (before.length <= LEAST_WORDS) return [{ text, isCommand: true }];
  return [
    { text: before.trimEnd(), isCommand: false },
    { text: printable(last), isCommand: true },
  ];
}
