import { CommanderError } from 'commander';
import { ExitCode, GatewayError } from '../errors.ts';
import { advise, type Command, mcpgw } from '../report/advice.ts';
import { COMMAND_NAMES, type CommandName } from '../report/command-names.ts';
import { FORMAT_NAMES, type FormatName } from '../report/format-name.ts';
import type { Io } from './io.ts';
import { runCommand } from './run-command.ts';

/** Shows what is wrong with a command line, in the format it asks for. Help and version are no errors. */
export async function reportUsageError(io: Io, error: unknown): Promise<ExitCode> {
  if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.ok;
  const { argv } = io;
  const command = argv.map(commandNamed).find((name) => name !== undefined);
  const help = command === undefined ? mcpgw('--help') : mcpgw(command, '--help');
  const failure =
    error instanceof CommanderError
      ? (meantCommand(error) ??
        withoutPart(error, command, help) ??
        new GatewayError('USAGE', sentence(withoutValue(error, argv)), {
          hint: advise`See how it is used: ${help}`,
        }))
      : error;
  return runCommand(command ?? '', io, { format: formatIn(argv), color: !argv.includes('--no-color') }, () =>
    Promise.reject(failure),
  );
}

/** The value of an option that is none may be what nobody shall see. */
function withoutValue({ code, message }: CommanderError, argv: readonly string[]): string {
  if (code !== 'commander.unknownOption') return message;
  const word = argv.find((given) => given.includes('=') && message.includes(given));
  return word === undefined ? message : message.replace(word, word.slice(0, word.indexOf('=')));
}

/** For `--verify`, of which commander knows only that another option looks like it. */
function meantCommand({ message }: CommanderError): GatewayError | null {
  const [, name = ''] = /unknown option '--([a-z-]+)'/.exec(message) ?? [];
  const command = commandNamed(name);
  if (command === undefined) return null;
  return new GatewayError('USAGE', `--${name} is no option: it is a command.`, {
    hint: advise`Run: ${mcpgw(command)}`,
  });
}

/** For `mcpgw team` alone, of which commander says nothing. */
function withoutPart(
  { code }: CommanderError,
  command: string | undefined,
  help: Command,
): GatewayError | null {
  if (code !== 'commander.help') return null;
  return new GatewayError('USAGE', `mcpgw ${command} is to be told what to do.`, {
    hint: advise`See what there is: ${help}`,
  });
}

function commandNamed(word: string): CommandName | undefined {
  return COMMAND_NAMES.find((name) => name === word);
}

function formatIn(argv: readonly string[]): FormatName {
  const at = argv.findIndex((word) => word === '--format' || word.startsWith('--format='));
  const value = argv[at]?.split('=')[1] ?? argv[at + 1];
  return FORMAT_NAMES.find((name) => name === value) ?? 'text';
}

/** commander writes `error: unknown option '--x'`; may end in its suggestion on a line of its own. */
function sentence(message: string): string {
  const text = message
    .replace(/^error: /, '')
    .replace(/\n/g, ' ')
    .trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?)]$/.test(text) ? '' : '.'}`;
}
