import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DoctorContext } from '../context.ts';

/** A program that takes longer to tell its version hangs. */
const LIMITS = { timeout: 5_000, killSignal: 'SIGKILL' } as const;

/** What a program prints when it is asked something quick; '' when it fails or takes too long. */
export async function programOutput(
  [program, ...args]: readonly [string, ...string[]],
  { env }: Pick<DoctorContext, 'env'>,
): Promise<string> {
  return promisify(execFile)(program, args, { env, ...LIMITS }).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
}
