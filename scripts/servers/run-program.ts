import { spawn } from 'node:child_process';

export interface RunProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

const SHOWN_CHARACTERS = 2000;

/**
 * Runs a program to its end and returns what it wrote to stdout.
 *
 * @throws Error with the program, its exit code and the end of its output; never its arguments, which may hold
 * a password
 */
export function runProgram(program: string, args: readonly string[], options: RunProgramOptions = {}) {
  return new Promise<string>((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output = (output + text).slice(-SHOWN_CHARACTERS);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-SHOWN_CHARACTERS);
    });
    child.once('error', (cause) =>
      reject(new Error(`${program} could not be run: ${cause.message}`, { cause })),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${program} ended with ${code ?? signal}:\n${output.trim()}`));
    });
  });
}
