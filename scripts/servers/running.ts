import { rmSync } from 'node:fs';

/** Something this process started and must not leave behind. */
export interface Started {
  stop(): Promise<void>;
  /** The same without waiting, for the moment the process ends. */
  stopNow(): void;
}

/** What is running now, newest last. Kept per process: a second run knows nothing of the first. */
export const running = new Set<Started>();

/** The temporary folders in use, with or without a server running in them yet. */
export const folders = new Set<string>();

/** Removes a server's folder; the server may be writing its last files while we do. */
export function removeFolder(folder: string): void {
  folders.delete(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
