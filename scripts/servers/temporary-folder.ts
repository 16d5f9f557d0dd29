import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryFolder } from './memory-folder.ts';
import { folders } from './running.ts';
import type { RunAs } from './unprivileged-user.ts';

let onDisk = false;

/** For benchmarks: servers that are started from now on keep their data where real ones do. */
export function keepDataOnDisk(): void {
  onDisk = true;
}

/**
 * A new folder that only `owner` can enter: in memory where there is room, or where TMPDIR says. The name is
 * short: it holds Unix sockets, whose paths may have at most 107 characters.
 */
export function temporaryFolder(server: string, owner: RunAs = {}): string {
  const isGiven = (process.env.TMPDIR ?? '') !== '';
  const parent = (onDisk || isGiven ? null : memoryFolder()) ?? tmpdir();
  const folder = mkdtempSync(join(parent, `mcpgw-${server}-`));
  folders.add(folder);
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
  return folder;
}
