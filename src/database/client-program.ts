import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, createWriteStream, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GatewayError } from '../errors.ts';
import { TIMING } from '../timing.ts';
import { refuseWhenStopped } from './refuse-when-stopped.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The first program of these names on the PATH, absolute; null when none is. */
export function findOnPath(env: Environment, ...names: readonly string[]): string | null {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export interface ClientRun {
  readonly program: string;
  /** Anybody on the machine can read them: no secrets. */
  readonly args: readonly string[];
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly stdin?: 'pipe' | 'ignore';
  readonly stdout?: 'pipe' | 'ignore';
  /** An open file that the program finds at `/dev/fd/HANDED`. */
  readonly handed?: number;
}

/** The first number behind those of standard input, output and error. */
export const HANDED = 3;

export interface Client {
  readonly child: ChildProcess;
  /** Ends the program and whatever it started. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Settles when the program has ended; rejects with its own words when it failed. */
  readonly ended: Promise<void>;
}

/** More of what a program complains about helps nobody. */
const KEPT_COMPLAINTS = 4_000;

/**
 * Starts a database's client program. It has a process group of its own: Ctrl-C is ours to handle. What it reads
 * and writes goes through pipes to this process, so it cannot go on for long when this one is killed.
 */
export function startClient(run: ClientRun): Client {
  const child = spawn(run.program, [...run.args], {
    env: { ...run.env },
    stdio: [run.stdin ?? 'ignore', run.stdout ?? 'ignore', 'pipe', run.handed ?? 'ignore'],
    detached: true,
  });
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-KEPT_COMPLAINTS);
  });
  let hasEnded = false;
  const kill = (signal: NodeJS.Signals) => {
    if (hasEnded || child.pid === undefined) return;
    try {
      // The whole group: the program on the PATH may be a script that waits for the real one.
      process.kill(-child.pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  };
  let patience: NodeJS.Timeout | undefined;
  const stop = () => {
    kill('SIGTERM');
    patience = setTimeout(() => kill('SIGKILL'), TIMING.stopMs);
  };
  run.signal.addEventListener('abort', stop, { once: true });
  if (run.signal.aborted) stop();
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(clientFailure(run.program, error.message)));
    child.once('close', (code, killedBy) => {
      hasEnded = true;
      run.signal.removeEventListener('abort', stop);
      clearTimeout(patience);
      try {
        refuseWhenStopped(run.signal);
        if (code === 0) resolve();
        else reject(clientFailure(run.program, complaints || endOf(code, killedBy)));
      } catch (error) {
        reject(error);
      }
    });
  });
  // Whoever waits sees the failure; until then it is no unhandled one.
  ended.catch(() => {});
  return { child, ended, kill };
}

const endOf = (code: number | null, killedBy: NodeJS.Signals | null) =>
  killedBy === null ? `it ended with exit code ${code}` : `it was ended by ${killedBy}`;

/** Writes all that a program prints through `through` into a file that is there, and waits for its end. */
export async function saveOutput(
  { child: { stdout }, ended, kill }: Client,
  through: readonly Transform[],
  file: string,
): Promise<void> {
  if (stdout === null) throw new Error('the program has no output');
  try {
    await pipeline([stdout, ...through, createWriteStream(file, { flags: 'r+' })]);
  } catch (error) {
    kill('SIGKILL');
    throw error;
  }
  await ended;
}

/** All a program prints. */
export async function clientOutput(run: Omit<ClientRun, 'stdin' | 'stdout'>): Promise<string> {
  const { child, ended } = startClient({ ...run, stdout: 'pipe' });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await ended;
  return text;
}

/** The first thing a program complained about, as an error with advice. */
function clientFailure(program: string, complaints: string): GatewayError {
  const name = program.split('/').at(-1) ?? program;
  // A server's own hint (DROP … CASCADE) is not ours.
  const lines = complaints.split('\n').filter((line) => line.trim() !== '' && !/^HINT:/.test(line));
  const first = lines.find((line) => /error|denied|fatal/i.test(line)) ?? lines[0] ?? '';
  const says = first.replace(/[.\s]+$/, '');
  if (/no space left|disk full|Errcode: 28\b|errno: 28\b/i.test(complaints)) {
    return new GatewayError('DISK_FULL', `${name} ran out of disk space: ${says}.`, {
      hint: 'Make room, or name another folder with --backup-dir. The database was not changed.',
    });
  }
  if (/permission denied|access denied|must be owner|insufficient priv/i.test(complaints)) {
    return new GatewayError('PERMISSION', `${name}: ${says}.`, {
      hint: 'Grant this user what it may not do, or use the user that owns the gateway’s tables. The database was not changed.',
      details: lines.slice(0, 5),
    });
  }
  if (/lock timeout|canceling statement due to|lock wait timeout/i.test(complaints)) {
    return new GatewayError('BUSY', `The gateway’s tables are in use: ${name}: ${says}.`, {
      hint: 'Stop the gateway, then run the command again. The database was not changed.',
    });
  }
  return new GatewayError('FAILED', `${name} failed: ${says}.`, { details: lines.slice(0, 5) });
}
