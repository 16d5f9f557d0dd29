import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folders } from './running.ts';
import type { RunAs } from './unprivileged-user.ts';

/**
 * A new folder that only `owner` can enter. The name is short: it holds Unix sockets, whose paths may have at
 * most 107 characters.
 */
export function temporaryFolder(server: string, owner: RunAs = {}): string {
  const folder = mkdtempSync(join(tmpdir(), `mcpgw-${server}-`));
  folders.add(folder);
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
  return folder;
}
