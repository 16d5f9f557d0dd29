import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect } from 'vitest';
import type { DatabaseId } from './database-kinds.ts';
import { realClient } from './real-client.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface PausingClient {
  /** The PATH on which it comes first, and the other client programs after it. */
  readonly path: string;
  /** Resolves when it has paused. */
  paused(): Promise<{ readonly script: number; readonly program: number }>;
  resume(): void;
}

/**
 * A script in the place of a client program, which runs the program and, when `text` has come by, passes nothing
 * on any more until it is told to. Both are processes of one group.
 *
 * @param watches what the program reads, or what it writes
 */
export function pausingClient(
  id: DatabaseId,
  program: string,
  watches: 'stdin' | 'stdout',
  text: string,
): PausingClient {
  const folder = temporaryFolder();
  const { real, clients } = realClient(id, program);
  const hold = join(folder, 'hold');
  const pids = join(folder, 'pids');
  writeFileSync(hold, '');
  const script = `#!${process.execPath}
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const args = process.argv.slice(2);
const all = args.includes('--version') || args.includes('--list');
const stdio = ['inherit', 'inherit', 'inherit', 'inherit'];
if (!all) stdio[${watches === 'stdin' ? 0 : 1}] = 'pipe';
const child = spawn(${JSON.stringify(real)}, args, { stdio });
child.on('exit', (code, signal) => { process.exitCode = code ?? 1; if (signal) process.kill(process.pid, signal); });
const [from, to] = ${watches === 'stdin' ? '[process.stdin, child.stdin]' : '[child.stdout, process.stdout]'};
if (!all) {
  let seen = '';
  let paused = false;
  let held = false;
  // Its end can come by while it is paused, and would let the program end.
  let over = false;
  const end = () => over && !held && to.end();
  // A program that was killed closes its input before it is known how it ended.
  for (const stream of [from, to]) stream.on('error', () => setTimeout(() => process.exit(1), 2_000));
  from.on('data', (chunk) => {
    seen = (seen + chunk.toString('latin1')).slice(-100000);
    to.write(chunk);
    if (paused || !seen.includes(${JSON.stringify(text)})) return;
    paused = held = true;
    from.pause();
    fs.writeFileSync(${JSON.stringify(`${pids}.new`)}, JSON.stringify({ script: process.pid, program: child.pid }));
    fs.renameSync(${JSON.stringify(`${pids}.new`)}, ${JSON.stringify(pids)});
    const timer = setInterval(() => {
      if (fs.existsSync(${JSON.stringify(hold)})) return;
      clearInterval(timer);
      held = false;
      from.resume();
      end();
    }, 20);
  });
  from.on('end', () => {
    over = true;
    end();
  });
}
`;
  writeFileSync(join(folder, program), script, { mode: 0o755 });
  return {
    path: [folder, clients, process.env.PATH].join(delimiter),
    async paused() {
      await expect.poll(() => existsSync(pids), { timeout: 20_000 }).toBe(true);
      return JSON.parse(readFileSync(pids, 'utf8'));
    },
    resume: () => rmSync(hold, { force: true }),
  };
}
