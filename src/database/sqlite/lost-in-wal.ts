import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readWal } from './wal.ts';

const LOOKS = 4;
const BETWEEN_MS = 50;

/**
 * What was committed into the `-wal` file of a database and would be lost as soon as anything opens it, for people;
 * null when nothing is. Looks several times where it finds something: a writer at work may have changed the log
 * while it was read, and has the checksums right only at its commit.
 */
export async function lostInWal(database: string): Promise<string | null> {
  const file = `${realPath(database)}-wal`;
  const lost = readWal(file)?.lost ?? null;
  if (lost === null) return null;
  for (let look = 1; look < LOOKS; look++) {
    await sleep(BETWEEN_MS);
    if (readWal(file)?.lost !== lost) return null;
  }
  return `${file}: ${lost}`;
}

/** SQLite keeps its journals beside the file that a link leads to. */
function realPath(database: string): string {
  try {
    return realpathSync(database);
  } catch {
    return database;
  }
}
