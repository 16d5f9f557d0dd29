import type { Io } from './commands/io.ts';
import { reportUsageError } from './commands/usage-error.ts';
import { createProgram } from './program.ts';

/**
 * Runs one command line and prints its result.
 *
 * @returns the exit code of the contract; undefined after help, which Node ends with 0
 */
export async function runProgram(io: Io): Promise<number | undefined> {
  let exitCode: number | undefined;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    if (io.argv.length === 0) program.outputHelp();
    else await program.parseAsync(io.argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    const commands = program.commands.flatMap((command) => [command.name(), ...command.aliases()]);
    return reportUsageError(io, error, commands);
  }
}
