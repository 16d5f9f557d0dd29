import { folders, removeFolder, running } from './running.ts';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
let installed = false;

/** From now on this process stops what it started when it is interrupted, terminated or ends otherwise. */
export function stopOnExit(): void {
  if (installed) return;
  installed = true;
  for (const [signal, exitCode] of Object.entries(EXIT_CODES)) {
    process.on(signal, () => {
      stopAll().finally(() => process.exit(exitCode));
    });
  }
  process.on('exit', () => {
    for (const started of running) started.stopNow();
    for (const folder of folders) {
      try {
        removeFolder(folder);
      } catch {
        // An installer is still writing there; why we end must not be lost over it.
      }
    }
  });
}

/** Stops every server of this process, newest first, and returns when all are gone. */
export async function stopAll(): Promise<void> {
  await Promise.allSettled([...running].reverse().map((started) => started.stop()));
}
