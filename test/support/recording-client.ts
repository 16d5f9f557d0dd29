import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { DatabaseId } from './database-kinds.ts';
import { realClient } from './real-client.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface RecordingClient {
  /** The PATH on which it comes first, and the other client programs after it. */
  readonly path: string;
  /** What it was sent so far. */
  read(): string;
}

/** A script in the place of a client program, which runs the program and keeps what that reads. */
export function recordingClient(id: DatabaseId, program: string): RecordingClient {
  const folder = temporaryFolder();
  const { real, clients } = realClient(id, program);
  const record = join(folder, 'record');
  if (program !== '') {
    writeFileSync(join(folder, program), `#!/bin/sh\ntee -a '${record}' | '${real}' "$@"\n`, { mode: 0o755 });
  }
  return {
    path: [folder, clients, process.env.PATH].join(delimiter),
    read: () => (existsSync(record) ? readFileSync(record, 'utf8') : ''),
  };
}
