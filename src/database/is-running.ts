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
