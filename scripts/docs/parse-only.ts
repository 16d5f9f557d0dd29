import type { Command } from 'commander';
import type { Io } from '../../src/commands/io.ts';
import { createProgram } from '../../src/program.ts';

/** Columns, as where there is no terminal. */
const HELP_WIDTH = 80;

/** A command with those that it is made of (`team create`), at whatever depth. */
export function withParts(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withParts)];
}

/**
 * The program with commands that do nothing: it has their names, help and options, and throws a CommanderError
 * for whatever it does not understand.
 */
export function parseOnly(): Command {
  const stream = { write: () => true, isTTY: false, columns: 80 };
  const io: Io = {
    env: {},
    cwd: '/',
    argv: [],
    stdout: stream,
    stderr: stream,
    interactive: false,
    signal: new AbortController().signal,
  };
  const program = createProgram(io, () => {});
  for (const command of withParts(program)) {
    command.configureHelp({ ...command.configureHelp(), helpWidth: HELP_WIDTH });
    if (command.commands.length === 0) command.action(() => {});
  }
  return program;
}
