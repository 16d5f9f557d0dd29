import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { BUILT_PROGRAM, buildMcpgw } from '../../scripts/build.ts';
import type { Timing } from '../../src/timing.ts';
import { ADMIN } from './test-settings.ts';

export interface CliOptions {
  /** Variables for the program: over those of the tests' administrator, with nothing of this process but PATH. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where it runs; by default a folder without a `.env`. */
  readonly cwd?: string;
  /** What it reads on standard input, which is no terminal; nothing by default. */
  readonly input?: string;
  /** Times to wait that are shorter than those people get. */
  readonly timing?: Partial<Timing>;
  /** Another copy of the program. */
  readonly program?: string;
  /** Path of the Node.js that runs it; by default the one that runs the tests. */
  readonly node?: string;
  /** Runs it as this user; only root can. */
  readonly uid?: number;
}

export interface CliResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly pid: number;
  /** What it has written to stderr so far. */
  stderr(): string;
  /** What it has written to stdout so far. */
  stdout(): string;
  /** Resolves when stdout or stderr holds the text. @throws Error with the output when it ends without it */
  shows(text: string | RegExp): Promise<void>;
  readonly ended: Promise<CliResult>;
}

let built: Promise<unknown> | undefined;

/** `npm test` builds the program once before it starts; a single test file run by hand does it here. */
function build(): Promise<unknown> {
  built ??= existsSync(BUILT_PROGRAM) ? Promise.resolve() : buildMcpgw();
  return built;
}

/** Runs the built program to its end. */
export async function spawnCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return (await startCli(args, options)).ended;
}

/** Starts the built program, for tests that stop, watch or kill it. */
export async function startCli(args: readonly string[], options: CliOptions = {}): Promise<RunningCli> {
  await build();
  const since = performance.now();
  // As its first line does.
  const command = ['--', options.program ?? BUILT_PROGRAM, ...args];
  const child = spawn(options.node ?? process.execPath, command, {
    cwd: options.cwd ?? '/',
    env: {
      ...testEnvironment(),
      MCPGW_TEST_TIMING: options.timing && JSON.stringify(options.timing),
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const look of watchers) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const look of watchers) look();
  });
  // A program that ends before it has read its input closes the pipe: its own output says why.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) =>
      resolve({ exitCode, signal, stdout, stderr, durationMs: performance.now() - since }),
    );
  });
  return {
    child,
    pid: child.pid ?? 0,
    stderr: () => stderr,
    stdout: () => stdout,
    ended,
    shows(text) {
      const isThere = () => {
        const output = stdout + stderr;
        return typeof text === 'string' ? output.includes(text) : text.test(output);
      };
      return new Promise((resolve, reject) => {
        const look = () => {
          if (!isThere()) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        ended.then(
          ({ exitCode, signal }) => {
            look();
            reject(new Error(`it ended with ${exitCode ?? signal} without ${text}:\n${stdout}${stderr}`));
          },
          (error: unknown) => reject(error),
        );
        look();
      });
    },
  };
}

/** The same for every machine: no colours, no settings of the developer, a hash that costs little. */
export function testEnvironment(): Record<string, string | undefined> {
  return {
    PATH: process.env.PATH,
    TMPDIR: process.env.TMPDIR,
    LANG: 'C.UTF-8',
    NO_COLOR: '1',
    PLATFORM_ADMIN_EMAIL: ADMIN.email,
    PLATFORM_ADMIN_PASSWORD: ADMIN.password,
    PLATFORM_ADMIN_FULL_NAME: ADMIN.fullName,
    ARGON2ID_MEMORY_COST: '8',
    ARGON2ID_TIME_COST: '1',
  };
}
