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
/** What leads to a command, and a command with nothing behind it. */
const LEADS_TO_COMMAND = /^(.+:) ((?:sudo (?:-u \S+ )?)?mcpgw [a-z-]+(?: -\S+(?: [^\s-]\S*)?)*)$/;

/**
 * What to do, line by line: hints are written by this tool, so their line breaks are meant; what they quote is
 * still made printable. Commands are never wrapped.
 */
export function advice({ lead, lines, width, paintLead, paint }: Advice): string[] {
  const indent = ' '.repeat(displayWidth(lead));
  const room = width - displayWidth(lead);
  return lines
    .flatMap((line) => apart(line, room))
    .flatMap(({ text, isCommand }, index) =>
      hanging({
        lead: index === 0 ? lead : indent,
        text: printable(text),
        width: isCommand ? Number.POSITIVE_INFINITY : width,
        paintLead,
        paint,
      }),
    );
}

/** A command that a line is too short for gets one of its own. */
function apart(line: string, room: number): { readonly text: string; readonly isCommand: boolean }[] {
  if (COMMAND.test(line)) return [{ text: line, isCommand: true }];
  const [, before, command] = (displayWidth(line) > room && LEADS_TO_COMMAND.exec(line)) || [];
  if (before === undefined || command === undefined) return [{ text: line, isCommand: false }];
  return [
    { text: before, isCommand: false },
    { text: command, isCommand: true },
  ];
}
