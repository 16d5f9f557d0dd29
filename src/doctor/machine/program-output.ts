import { execFile } from 'node:child_process';

/** A program that takes longer to tell its version hangs. */
const TIMEOUT_MS = 5_000;

/** What a program prints when it is asked something quick; null when it fails or takes too long. */
export function programOutput(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, [...args], { env, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' }, (error, stdout) =>
      resolve(error === null ? stdout.trim() : null),
    );
  });
}
