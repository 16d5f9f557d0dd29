import { Advice, Command, partsOf, shell, sqlCommand, type Text } from './advice.ts';
import { COMMAND_NAMES } from './command-names.ts';

const ARGUMENT = '(?: --?[a-z-]+(?: [a-z0-9.,-]*[a-z0-9])?)';
const TOLD = new RegExp(`(?<=: )(mcpgw (?:${COMMAND_NAMES.join('|')})${ARGUMENT}*)`);

/** A text that is still written as a string, with the commands behind its colons as data. To go. */
export function lifted(text: Text): Text {
  if (typeof text !== 'string' || !text.includes('mcpgw')) return text;
  const parts = text.split(TOLD).map((part, i) => (i % 2 === 0 ? part : ofThisProgram(part)));
  return parts.length === 1 ? text : new Advice(parts.flatMap(partsOf));
}

/** A command that is still written as text: statements begin with a word in capitals, programs do not. To go. */
export function asCommand(command: Command | string): Command | undefined {
  if (command instanceof Command) return command;
  if (command === '') return undefined;
  if (/^[A-Z]+ /.test(command)) return sqlCommand(...command.split(/(?<=;) (?=[A-Z]+ )/));
  const [, user, rest] = /^(?:sudo -u (\S+) )?mcpgw (.*)$/.exec(command) ?? [];
  if (rest === undefined) return shell(command);
  const known = ofThisProgram(`mcpgw ${rest}`);
  return user === undefined ? known : known.with({ user: user.replaceAll("'", '') });
}

function ofThisProgram(command: string): Command {
  const words = command.match(/'[^']*'|\S+/g) ?? [];
  return new Command({ kind: 'mcpgw', words: words.slice(1).map((word) => word.replaceAll("'", '')) });
}
