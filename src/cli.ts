#!/usr/bin/env -S node --
// `--`: else Node takes `--env-file` for its own option, wherever it stands.
import module from 'node:module';
import { join } from 'node:path';
import { outliveOutput, outliveTerminal } from './closed-terminal.ts';
import type { Io, OutputStream } from './commands/io.ts';
import { ExitCode } from './errors.ts';
import type { Timing } from './timing.ts';
import { VERSION } from './version.ts';

/** Runs the program on this process: the one place that reads and ends it. */
async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${VERSION}\n`);
    return;
  }
  const cwd = workingFolder();
  if (cwd === null) {
    process.stderr.write('The folder that mcpgw was started in is gone. Change to another one: cd /\n');
    process.exitCode = ExitCode.refused;
    return;
  }
  const io = processIo(argv, cwd);
  keepCompiled();
  // Not `.ts`: the build leaves this one import as it is, to a file beside this one.
  const { runProgram } = await import('./run-program.js');
  process.exitCode = await runProgram(io);
}

/** Null when it was removed meanwhile: relative paths lead nowhere. */
function workingFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

/**
 * Lets Node keep what it compiles, where it can (from 22.1 on), beside the program: it runs what it finds there, so
 * that must be nobody else's place. Where the folder cannot be written, nothing is kept and nothing is said.
 */
function keepCompiled(): void {
  (module as { enableCompileCache?: (folder: string) => unknown }).enableCompileCache?.(
    join(import.meta.dirname, 'cache'),
  );
}

function processIo(argv: readonly string[], cwd: string): Io {
  return {
    env: process.env,
    cwd,
    argv,
    stdout: outputTo(process.stdout),
    stderr: outputTo(process.stderr),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    signal: signalOf(),
    timing: JSON.parse(process.env.MCPGW_TEST_TIMING ?? '{}') as Partial<Timing>,
  };
}

/** Some releases of Node tell that a write failed by an event, others throw. */
function outputTo(stream: NodeJS.WriteStream): OutputStream {
  return {
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
    write(text) {
      try {
        stream.write(text);
      } catch (error) {
        outliveOutput(error);
      }
    },
    flush: () =>
      new Promise((resolve, reject) => {
        stream.write('', (error) => (error == null ? resolve() : reject(stream.errored ?? error)));
      }),
  };
}

/**
 * The first signal asks for a stop at the next safe point, a second one ends the process at once. A terminal
 * that was closed (SIGHUP) counts as SIGTERM: nobody is left to press Ctrl-C.
 */
function signalOf(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted)
        process.exit(name === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated);
      controller.abort(name);
      process.stderr.write('\nStopping at the next safe point. Once more stops at once.\n');
    });
  }
  return controller.signal;
}

outliveTerminal();
void main();
