import { realpathSync } from 'node:fs';
import type { SqliteTarget } from '../../../settings/database-target.ts';

/** The file behind symbolic links: SQLite keeps its journals beside that one. */
export function realFile({ path }: SqliteTarget): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
