import { spawn, spawnSync } from 'node:child_process';
import { BUILT_PROGRAM } from '../../scripts/build/build-mcpgw.ts';
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
  const command = [process.execPath, BUILT_PROGRAM, ...args].map(quoted).join(' ');
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: '/',
    env: { ...testEnvironment(), TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
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

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
