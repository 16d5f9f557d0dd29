import type { Command } from 'commander';
import type { Io } from '../../src/commands/io.ts';
import { createProgram } from '../../src/program.ts';

/** Columns, as where there is no terminal. */
const HELP_WIDTH = 80;

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
  for (const command of [program, ...program.commands]) {
    command.configureHelp({ ...command.configureHelp(), helpWidth: HELP_WIDTH });
  }
  for (const command of program.commands) command.action(() => {});
  return program;
}
