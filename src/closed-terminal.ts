import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { isatty } from 'node:tty';

const STANDARD = [0, 1, 2] as const;
/** Reader gone (`mcpgw verify | head`), terminal gone, and what every write after one of these says. */
const GONE: ReadonlySet<string> = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/**
 * Lets this process come to its own end, with its own exit code, when whoever read its output has gone: a write
 * to nobody is no error of ours, and Node aborts at its very end when it cannot set back a terminal that was
 * closed (`ResetStdio` in src/node.cc), unless something else is in its place.
 */
export function outliveTerminal(): void {
  const terminals = STANDARD.filter((fd) => isatty(fd));
  for (const stream of [process.stdout, process.stderr]) stream.on('error', outliveOutput);
  process.on('exit', () => {
    for (const fd of terminals) {
      if (isatty(fd)) continue;
      closeSync(fd);
      // The lowest number that is free, which is this one.
      openSync(devNull, 'r+');
    }
  });
}

let isTold = false;

/** What was done stays done when its report has no place to go (a full disk): that is said once, where it can be. */
export function outliveOutput(error: unknown): void {
  const { code, message } = error as NodeJS.ErrnoException;
  if (isTold || GONE.has(code ?? '')) return;
  isTold = true;
  try {
    process.stderr.write(`The report could not be written to standard output: ${message}.\n`);
  } catch {
    // Standard error has no place, either.
  }
}
