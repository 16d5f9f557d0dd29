import { spawn, spawnSync } from 'node:child_process';
import { BUILT_PROGRAM } from '../../scripts/build.ts';
import { testEnvironment } from './spawn-cli.ts';

/** Whether `script` of util-linux is here, which gives a program a terminal. */
export const HAS_TERMINAL = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes(
  'util-linux',
);

export interface TerminalResult {
  readonly exitCode: number | null;
  /** Everything the terminal showed, escape sequences included. */
  readonly screen: string;
}

/** Keys to press, once the screen shows the text. */
export type Answer = readonly [prompt: string | RegExp, keys: string];

/** Runs the built program on a terminal of its own and answers its questions. */
export function onTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  answers: readonly Answer[],
): Promise<TerminalResult> {
  const child = spawnOnTerminal(programCommand(args), env);
  const left = [...answers];
  let screen = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const next = left[0];
    if (next === undefined) return;
    const at = screen.slice(seen).search(next[0]);
    if (at < 0) return;
    seen += at + 1;
    left.shift();
    // The program listens for keys only once it has drawn its question.
    setTimeout(() => child.stdin.write(next[1]), 200);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, screen }));
  });
}

/** A terminal that a test closes while the program is at work. */
export interface OpenTerminal {
  screen(): string;
  /** As a window is closed: everything that writes to it from then on gets an error. */
  close(): void;
}

/**
 * Starts the built program on a terminal of its own.
 *
 * @param script what the shell of that terminal runs, given the command of the program
 */
export function startOnTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  script: (command: string) => string,
): OpenTerminal {
  const child = spawnOnTerminal(script(programCommand(args)), env);
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  return { screen: () => screen, close: () => void child.kill('SIGKILL') };
}

const programCommand = (args: readonly string[]) =>
  [process.execPath, BUILT_PROGRAM, ...args].map(quoted).join(' ');

function spawnOnTerminal(command: string, env: Readonly<Record<string, string | undefined>>) {
  return spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: '/',
    env: { ...testEnvironment(), TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
