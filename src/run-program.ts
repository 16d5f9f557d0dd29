import type { Io } from './commands/io.ts';
import { reportUsageError } from './commands/usage-error.ts';
import { GatewayError } from './errors.ts';
import { isSupported, OLDEST_NODE } from './node-version.ts';
import { createProgram } from './program.ts';
import { advise, shell } from './report/advice.ts';
import { setTiming } from './timing.ts';

/**
 * Runs one command line and prints its result.
 *
 * @returns the exit code of the contract; undefined after help, which Node ends with 0
 */
export async function runProgram(io: Io): Promise<number | undefined> {
  if (io.timing !== undefined) setTiming(io.timing);
  let exitCode: number | undefined;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    refuseOldNode(io.argv);
    if (io.argv.length === 0) program.outputHelp();
    else await program.parseAsync(io.argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportUsageError(io, error);
  }
}

/** The doctor runs all the same, and says it among what else it finds. */
function refuseOldNode(argv: readonly string[]): void {
  const { node } = process.versions;
  if (isSupported(node) || argv.includes('doctor')) return;
  throw new GatewayError(
    'NODE_VERSION',
    `mcpgw does not run on Node.js ${node}: none of its SQLite drivers does.`,
    {
      hint: advise`Install Node.js ${OLDEST_NODE} or later, best 22.14 or later. This one is ${process.execPath}.\nRun: ${shell('nvm install --lts')}`,
    },
  );
}
