import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** What to add to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A file to read as standard input. */
  readonly input?: string;
  /** Exit codes that are as they should be; by default only 0. */
  readonly expected?: readonly number[];
}

export interface TimedRun {
  /** From the start of the process to its end. */
  readonly ms: number;
  /** Peak of the memory it held; null where the system does not tell. */
  readonly peakMb: number | null;
}

const POLL_MS = 10;
const SHOWN_CHARACTERS = 2000;

/** @throws Error with the program, its exit code and the end of what it wrote to stderr */
export function timedRun(command: Command, { memory = true } = {}): Promise<TimedRun> {
  const { program, args, env = {}, cwd, input, expected = [0] } = command;
  const stdin = input === undefined ? null : openSync(input, 'r');
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: [stdin ?? 'ignore', 'ignore', 'pipe'],
    });
    let peakKb = 0;
    const look = () => {
      peakKb = Math.max(peakKb, highWaterMark(child.pid));
    };
    const timer = memory ? setInterval(look, POLL_MS) : undefined;
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-SHOWN_CHARACTERS);
    });
    let ms = 0;
    child.once('exit', () => {
      ms = performance.now() - start;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearInterval(timer);
      if (stdin !== null) closeSync(stdin);
      if (code !== null && expected.includes(code)) {
        resolve({ ms, peakMb: peakKb === 0 ? null : peakKb / 1024 });
      } else reject(new Error(`${program} ${args[0] ?? ''} ended with ${code ?? signal}:\n${errors.trim()}`));
    });
  });
}

/** Linux keeps the highest resident size of a process until it ends, so that polling misses next to nothing. */
function highWaterMark(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
