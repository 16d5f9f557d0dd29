import { hostname } from 'node:os';

/** PostgreSQL cuts application names at 63 bytes; other characters than printable ASCII become `?` there. */
const LONGEST_HOST = 40;

function onThisHost(): string {
  const host = hostname()
    .replaceAll(/[^\x21-\x7e]/g, '?')
    .slice(0, LONGEST_HOST);
  return `mcpgw@${host} pid `;
}

/** What other runs call this one while they wait for it: `mcpgw@host pid 123`. */
export function thisProcess(): string {
  return `${onThisHost()}${process.pid}`;
}

/** Whether a run is known to be no more: one of another host cannot be asked. A container may give its id again. */
export function hasEnded(run: string): boolean {
  if (!run.startsWith(onThisHost())) return false;
  const pid = Number(run.slice(onThisHost().length));
  return pid === process.pid || !isRunning(pid);
}

/** Whether there is a process of this machine, or of this container. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user may not be signalled, and is there all the same.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
