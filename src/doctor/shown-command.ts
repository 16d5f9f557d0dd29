import { thousands } from '../report/thousands.ts';
import { isSql } from './is-sql.ts';

/** How many statements of SQL fit before a reader's eyes. */
const SHOWN = 2;

/** The command as a report for people has it: of many statements the first, and where the others are. */
export function shownCommand(command: string): string {
  if (!isSql(command)) return command;
  const statements = command.split(/(?<=;) (?=[A-Z]+ )/);
  const hidden = statements.length - SHOWN;
  // One more is shorter than what would be said in its place.
  if (hidden <= 1) return command;
  return `${statements.slice(0, SHOWN).join(' ')} … and ${thousands(hidden)} more statements (all: --format json, .checks[].command)`;
}
