import { runProgram } from '../../src/run-program.ts';
import { clientPath } from './client-path.ts';
import type { CliOptions } from './spawn-cli.ts';
import { testEnvironment } from './spawn-cli.ts';

export interface ProcessRun {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line as the program does, in this process: nothing is started, and nobody can be asked. */
export async function runInProcess(
  args: readonly string[],
  { env = {}, cwd = '/' }: Pick<CliOptions, 'env' | 'cwd'> = {},
): Promise<ProcessRun> {
  let [stdout, stderr] = ['', ''];
  const { DATABASE_URL: url } = env;
  const exitCode = await runProgram({
    env: {
      ...testEnvironment(),
      DB_MAX_RETRIES: '0',
      ...(url === undefined || url.startsWith('sqlite') ? {} : { PATH: clientPath(url) }),
      ...env,
    },
    cwd,
    argv: args,
    stdout: { write: (text) => (stdout += text), isTTY: false, columns: undefined },
    stderr: { write: (text) => (stderr += text), isTTY: false, columns: 100 },
    interactive: false,
    signal: new AbortController().signal,
  });
  return { exitCode, stdout, stderr };
}
