import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram } from './find-program.ts';
import { removeFolder, running, type Started } from './running.ts';
import type { RunningServer, ServerName } from './server.ts';
import type { RunAs } from './unprivileged-user.ts';

export interface LaunchOptions {
  readonly name: ServerName;
  readonly url: string;
  readonly clientPath: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The server's temporary folder, removed when it has stopped. */
  readonly folder: string;
  readonly runAs?: RunAs;
  /** The quickest signal that leaves no child process and no shared memory behind; the data is thrown away. */
  readonly stopSignal: NodeJS.Signals;
  /** Rejects as long as the server does not take connections. */
  readonly answers: () => Promise<void>;
}

const START_SECONDS = 60;
const STOP_SECONDS = 10;
const POLL_MS = 100;

/**
 * Starts the server process and returns once it answers.
 *
 * @throws Error with the end of the server's log when it dies or does not answer within 60 seconds; it has been
 * stopped and its folder removed by then
 */
export async function launch(options: LaunchOptions): Promise<RunningServer> {
  const log = join(options.folder, 'server.log');
  const child = spawnServer(options, log);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const started: Started = {
    async stop() {
      if (!running.delete(started)) return ended;
      signal(child, options.stopSignal);
      const killer = setTimeout(() => signal(child, 'SIGKILL'), STOP_SECONDS * 1000);
      await ended;
      clearTimeout(killer);
      removeFolder(options.folder);
    },
    stopNow() {
      signal(child, options.stopSignal);
    },
  };
  running.add(started);

  const failure = await waitUntilAnswers(child, options.answers);
  if (failure !== undefined || child.pid === undefined) {
    const lines = tail(log);
    await started.stop();
    throw new Error(`${options.name} did not start: ${failure}\n${lines}`);
  }
  return {
    name: options.name,
    url: options.url,
    pid: child.pid,
    clientPath: options.clientPath,
    stop: started.stop,
  };
}

function spawnServer(options: LaunchOptions, log: string): ChildProcess {
  const output = openSync(log, 'a', 0o600);
  // The kernel ends the server when this process is killed and can no longer do it itself.
  const setpriv = findProgram('setpriv');
  const [program, ...args] =
    setpriv === undefined
      ? [options.program, ...options.args]
      : [setpriv, '--pdeathsig', options.stopSignal.slice(3), '--', options.program, ...options.args];
  try {
    // Detached: Ctrl-C reaches us alone, and we stop the servers in order.
    return spawn(program, args, {
      ...options.runAs,
      cwd: options.folder,
      detached: true,
      stdio: ['ignore', output, output],
    });
  } finally {
    closeSync(output);
  }
}

/** Undefined when it answers, else why it never will. */
async function waitUntilAnswers(
  child: ChildProcess,
  answers: () => Promise<void>,
): Promise<string | undefined> {
  let spawnError: Error | undefined;
  child.once('error', (error) => {
    spawnError = error;
  });
  const deadline = Date.now() + START_SECONDS * 1000;
  for (;;) {
    try {
      await answers();
      if (isRunning(child)) return undefined;
    } catch (error) {
      if (Date.now() > deadline) return `no answer within ${START_SECONDS} s (${(error as Error).message})`;
    }
    if (spawnError !== undefined) return spawnError.message;
    if (!isRunning(child)) return `it ended with ${child.exitCode ?? child.signalCode}`;
    await sleep(POLL_MS);
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** By pid, and only while it is still our child: a pid that has been reaped may be somebody else's. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (isRunning(child)) child.kill(name);
}

function tail(log: string): string {
  try {
    return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  } catch {
    return '';
  }
}
